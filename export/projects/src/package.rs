//! Packages with a network in C, and the command or the build that makes the library's archive.
//!
//! What Arduino and Zephyr expect of the layout:
//! <https://docs.arduino.cc/arduino-cli/library-specification> and
//! <https://docs.zephyrproject.org/latest/develop/modules.html>.

use crate::c_files;
use crate::files::{Files, fill};
use crate::literal::{cmake_string, shell_word};
use crate::network::Network;
use crate::source::{COPY, Part, Source};
use anyhow::{Result, ensure};

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("../templates/", $name))
    };
}

/// KiB of flash for Zephyr and the library.
const ZEPHYR_FLASH: usize = 80;
/// KiB of RAM for Zephyr, the model and the stack of `prj.conf`.
const ZEPHYR_RAM: usize = 40;

/// What a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A library of the Arduino IDE and of `arduino-cli`.
    Arduino,
    /// A module of Zephyr.
    Zephyr,
    /// A package for `find_package` and `add_subdirectory`.
    Cmake,
}

/// A package, before it is written.
pub struct Package<'a> {
    /// What it is for.
    pub kind: Kind,
    /// What it contains.
    pub network: &'a Network<'a>,
    /// Where it finds the source of the library.
    pub source: &'a Source,
}

impl Package<'_> {
    /// Its files. `name` is the name of its directory.
    ///
    /// # Errors
    /// If the source of the library cannot be read, or if Arduino does not take a directory of this name.
    pub fn files(&self, name: &str) -> Result<Files> {
        match self.kind {
            Kind::Arduino => self.arduino(name),
            Kind::Zephyr => self.zephyr(),
            Kind::Cmake => self.cmake(),
        }
    }

    /// The commands that try it, from outside its directory.
    pub fn commands(&self, directory: &str) -> Vec<String> {
        let path = |inside: &str| shell_word(&format!("{directory}/{inside}"));
        match self.kind {
            Kind::Arduino => vec![
                "rustup target add thumbv6m-none-eabi thumbv7em-none-eabi thumbv7em-none-eabihf"
                    .into(),
                format!("sh {} cortex-m0plus cortex-m4", path("extras/archives.sh")),
            ],
            Kind::Zephyr => vec![
                "rustup target add thumbv7m-none-eabi".into(),
                format!("west build -b mps2/an385 {}", path("samples/classify")),
                "west build -t run".into(),
            ],
            Kind::Cmake => vec![
                format!("cmake -S {} -B build -DCMAKE_BUILD_TYPE=Release", path("example")),
                "cmake --build build".into(),
                "build/classify".into(),
            ],
        }
    }

    /// The lines that its example prints.
    pub fn expected(&self) -> [String; 3] {
        c_files::expected(self.network)
    }

    fn cmake(&self) -> Result<Files> {
        let mut files = Files::default();
        files.add("README.md", self.readme(template!("cmake/README.md.in")));
        files.add("CMakeLists.txt", template!("cmake/CMakeLists.txt"));
        let config = template!("cmake/ocelli-config.cmake.in");
        let source = self.source_for_cmake("${CMAKE_CURRENT_LIST_DIR}");
        files.add("ocelli-config.cmake", fill(config, &[("SOURCE", &source)]));
        self.add_parts_for_cmake(&mut files)?;
        files.add("example/CMakeLists.txt", template!("cmake/example.cmake.in"));
        files.add("example/main.c", example(template!("cmake/main.c.in")));
        files.add("example/image.h", c_files::image(self.network));
        self.source.add_to(&mut files, "", Part::Library)?;
        Ok(files)
    }

    fn zephyr(&self) -> Result<Files> {
        let mut files = Files::default();
        files.add("README.md", self.readme(template!("zephyr/README.md.in")));
        files.add("zephyr/module.yml", template!("zephyr/module.yml"));
        files.add("zephyr/Kconfig", template!("zephyr/Kconfig"));
        let lists = template!("zephyr/CMakeLists.txt.in");
        let source = self.source_for_cmake("${ocelli_package}");
        files.add("zephyr/CMakeLists.txt", fill(lists, &[("SOURCE", &source)]));
        self.add_parts_for_cmake(&mut files)?;
        let sample = "samples/classify";
        files.add(format!("{sample}/CMakeLists.txt"), template!("zephyr/sample.cmake.in"));
        files.add(format!("{sample}/prj.conf"), template!("zephyr/prj.conf"));
        files.add(format!("{sample}/sample.yaml"), self.sample());
        files.add(format!("{sample}/src/main.c"), example(template!("zephyr/main.c.in")));
        files.add(format!("{sample}/src/image.h"), c_files::image(self.network));
        self.source.add_to(&mut files, "", Part::Library)?;
        Ok(files)
    }

    fn arduino(&self, name: &str) -> Result<Files> {
        ensure!(
            is_library_name(name),
            "Arduino does not take a library in a directory of the name {name:?}: it must have letters, digits, \
             _, . and -, begin with a letter or a digit, and have at most 63 of them"
        );
        let mut files = Files::default();
        files.add("README.md", self.readme(template!("arduino/README.md.in")));
        files.add("library.properties", self.properties(name));
        files.add("src/ocelli.h", c_files::library_header(self.source)?);
        c_files::add_network(&mut files, self.network, "src", "src");
        files.add("examples/classify/classify.ino", example(template!("arduino/classify.ino.in")));
        files.add("examples/classify/image.h", c_files::image(self.network));
        let source = if self.source.is_copied() {
            format!("extras/{COPY}")
        } else {
            shell_word(&self.source.path())
        };
        let script = template!("arduino/archives.sh.in");
        files.add("extras/archives.sh", fill(script, &[("SOURCE", &source)]));
        self.source.add_to(&mut files, "extras", Part::Library)?;
        Ok(files)
    }

    /// The path of the source in a file of CMake; `package` is the directory of the package there.
    fn source_for_cmake(&self, package: &str) -> String {
        if self.source.is_copied() {
            format!("\"{package}/{COPY}\"")
        } else {
            cmake_string(&self.source.path())
        }
    }

    /// What CMake packages and Zephyr modules have in common.
    fn add_parts_for_cmake(&self, files: &mut Files) -> Result<()> {
        files.add("cmake/ocelli-archive.cmake", template!("cmake/ocelli-archive.cmake"));
        files.add("include/ocelli.h", c_files::library_header(self.source)?);
        c_files::add_network(files, self.network, "include", "src");
        Ok(())
    }

    fn readme(&self, template: &str) -> String {
        let commands = self.commands("path/of/this/directory").join("\n");
        let expected = self.expected().join("\n");
        fill(template, &[("COMMANDS", &commands), ("EXPECTED", &expected)])
    }

    /// The description of the sample for Zephyr's tests. It has the memory that a board must have in KiB, with
    /// room for Zephyr itself.
    fn sample(&self) -> String {
        let kib = |bytes: usize| bytes.div_ceil(1024);
        let network = kib(self.network.blob.len() + self.network.image.len());
        let arena = kib(self.network.arena_len);
        fill(
            template!("zephyr/sample.yaml.in"),
            &[
                ("FLASH", &(network + ZEPHYR_FLASH).to_string()),
                ("RAM", &(arena + ZEPHYR_RAM).to_string()),
                ("LOGIT", &self.network.found.logit.to_string()),
            ],
        )
    }

    fn properties(&self, name: &str) -> String {
        fill(
            template!("arduino/library.properties.in"),
            &[
                ("NAME", name),
                ("VERSION", env!("CARGO_PKG_VERSION")),
                ("URL", env!("CARGO_PKG_REPOSITORY")),
                ("CLASSES", &self.network.config.classes().to_string()),
                ("BLOB_LEN", &self.network.blob.len().to_string()),
                ("ARENA_LEN", &self.network.arena_len.to_string()),
            ],
        )
    }
}

fn example(template: &str) -> String {
    fill(template, &[("CLASSIFY", c_files::CLASSIFY)])
}

/// Whether Arduino takes a library in a directory of this name.
fn is_library_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    name.len() <= 63
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && name.chars().any(|letter| letter.is_ascii_alphabetic())
        && name.chars().all(plain)
}
