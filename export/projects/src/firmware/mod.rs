//! A Cargo project with a firmware for a board.

mod memory;

pub use memory::Memory;

use crate::board::{Board, Boot, Runner};
use crate::files::{Files, fill};
use crate::literal::{shell_word, toml_string};
use crate::network::Network;
use crate::source::{Part, Source};
use anyhow::Result;

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("../../templates/firmware/", $name))
    };
}

const SEMIHOSTING: &str = include_str!("../../../../tests/firmware/src/semihosting.rs");
const START_RISCV: &str = include_str!("../../../../tests/firmware/src/start/riscv.rs");

/// A firmware, before it is written.
pub struct Firmware<'a> {
    /// What it runs on.
    pub board: &'static Board,
    /// What it runs.
    pub network: &'a Network<'a>,
    /// Source of the module `model`, which includes `../model.bin`.
    pub module: String,
    /// Where it finds the runtime.
    pub source: &'a Source,
}

impl Firmware<'_> {
    /// The memory that it needs.
    pub fn memory(&self) -> Memory {
        Memory::new(self.board, self.network)
    }

    /// Its files.
    ///
    /// # Errors
    /// If the source of the runtime cannot be read.
    pub fn files(&self) -> Result<Files> {
        let mut files = Files::default();
        files.add("Cargo.toml", self.manifest());
        files.add(".cargo/config.toml", self.config());
        files.add(".gitignore", template!("gitignore"));
        files.add("README.md", self.readme());
        files.add("build.rs", fill(template!("build.rs.in"), &[("SCRIPTS", self.scripts())]));
        files.add("memory.x", self.memory_map());
        files.add("model.bin", self.network.blob);
        files.add("image.rgb", self.network.image.as_slice());
        files.add("src/main.rs", self.main());
        files.add("src/model.rs", self.module.as_str());
        self.add_start(&mut files);
        self.source.add_to(&mut files, "", Part::Runtime)?;
        Ok(files)
    }

    /// The commands that build and start it, from outside its directory.
    pub fn commands(&self, directory: &str) -> Vec<String> {
        let mut commands = vec![format!("cd {}", shell_word(directory))];
        commands.extend(self.commands_inside());
        commands
    }

    fn commands_inside(&self) -> [String; 2] {
        [format!("rustup target add {}", self.board.target), "cargo run --release".to_owned()]
    }

    /// The lines that it reports.
    pub fn expected(&self) -> [String; 3] {
        let found = &self.network.found;
        [
            format!("class {}", found.class),
            format!("percent {}", found.percent),
            format!("hash {:016x}", found.hash),
        ]
    }

    fn manifest(&self) -> String {
        let mut dependencies = Vec::new();
        if !self.board.is_emulated() {
            dependencies.extend([
                r#"cortex-m = { version = "0.7", features = ["critical-section-single-core"] }"#,
                r#"defmt = "1.0""#,
                r#"defmt-rtt = "1.0""#,
                r#"panic-probe = { version = "1.0", features = ["print-defmt"] }"#,
            ]);
        }
        if self.board.boot == Boot::Rp2040 {
            dependencies.push(r#"rp2040-boot2 = "0.3""#);
        }
        if self.board.boot != Boot::Instruction {
            dependencies.push(r#"cortex-m-rt = "0.7""#);
        }
        dependencies.sort_unstable();
        let runtime = toml_string(&format!("{}/runtime", self.source.path()));
        let values = [("DEPENDENCIES", &*dependencies.join("\n")), ("RUNTIME", &runtime)];
        fill(template!("Cargo.toml.in"), &values).replace("[dependencies]\n\n", "[dependencies]\n")
    }

    fn config(&self) -> String {
        let cpu = self.board.cpu.map(|cpu| format!("rustflags = [\"-Ctarget-cpu={cpu}\"]\n"));
        let (words, environment) = match self.board.runner {
            Runner::Probe(chip) => {
                // Without this, defmt leaves out everything but errors.
                (vec!["probe-rs", "run", "--chip", chip], "\n[env]\nDEFMT_LOG = \"info\"\n")
            }
            Runner::Qemu(command, machine) => {
                let mut words = vec![command];
                words.extend(machine);
                words.extend(["-nographic", "-monitor", "none", "-serial", "none"]);
                words.extend(["-semihosting-config", "enable=on,target=native", "-kernel"]);
                (words, "")
            }
        };
        let words: Vec<_> = words.into_iter().map(toml_string).collect();
        let text = fill(
            template!("config.toml.in"),
            &[
                ("TARGET", self.board.target),
                ("RUSTFLAGS", &cpu.unwrap_or_default()),
                ("RUNNER", &format!("[{}]", words.join(", "))),
                ("ENV", environment),
            ],
        );
        text.trim_end().to_owned() + "\n"
    }

    fn readme(&self) -> String {
        let image = self.network.config.image();
        fill(
            template!("README.md.in"),
            &[
                ("BOARD", self.board.name),
                ("COMMANDS", &self.commands_inside().join("\n")),
                ("EXPECTED", &self.expected().join("\n")),
                ("IMAGE", &format!("{} × {} pixels", image.width, image.height)),
            ],
        )
    }

    const fn scripts(&self) -> &'static str {
        match (self.board.boot, self.board.runner) {
            (Boot::Instruction, _) => r#""memory.x""#,
            (_, Runner::Qemu(..)) => r#""link.x""#,
            (_, Runner::Probe(_)) => r#""link.x", "defmt.x""#,
        }
    }

    fn memory_map(&self) -> String {
        let stack = memory::stack(self.board);
        format!(
            "{}/* The program needs this much stack. */\nASSERT(_stack_start - __sheap >= {stack}, \
             \"less than {stack} bytes of RAM are left for the stack\");\n",
            self.board.map
        )
    }

    fn main(&self) -> String {
        let start = self.start().map_or("", |_| "mod start;\n");
        let semihosting = if self.board.is_emulated() {
            "#[allow(dead_code, reason = \"it has more functions than this program needs\")]\nmod semihosting;\n"
        } else {
            ""
        };
        let entry = match self.board.boot {
            Boot::Instruction => "unsafe(no_mangle)",
            Boot::Vectors | Boot::Rp2040 | Boot::Rp2350 => "cortex_m_rt::entry",
        };
        let modules = format!("{semihosting}{start}");
        fill(template!("main.rs.in"), &[("MODULES", &modules), ("ENTRY", entry)])
    }

    /// What the start of the board needs in addition to `cortex-m-rt`.
    const fn start(&self) -> Option<&'static str> {
        match (self.board.boot, self.board.runner) {
            (Boot::Instruction, _) => Some(START_RISCV),
            (Boot::Rp2040, _) => Some(template!("start_rp2040.rs")),
            (Boot::Rp2350, _) => Some(template!("start_rp2350.rs")),
            (Boot::Vectors, Runner::Qemu(..)) => Some(template!("start_cortex_m.rs")),
            (Boot::Vectors, Runner::Probe(_)) => None,
        }
    }

    fn add_start(&self, files: &mut Files) {
        if let Some(start) = self.start() {
            files.add("src/start.rs", start);
        }
        if self.board.is_emulated() {
            files.add("src/semihosting.rs", SEMIHOSTING);
            files.add("src/report.rs", template!("report_semihosting.rs"));
        } else {
            files.add("src/report.rs", template!("report_defmt.rs"));
        }
    }
}
