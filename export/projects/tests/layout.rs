//! The layout of packages, compared with the rules that Arduino and Zephyr publish.

use projects::package::{Kind, Package};
use projects::{Files, Network, Source};
use runtime::Model;
use std::collections::BTreeMap;
use std::path::Path;

/// The files of a package in a directory of that name.
fn package(kind: Kind, name: &str, vendored: bool) -> anyhow::Result<Files> {
    let blob = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/v1/tiny.bin");
    let blob = std::fs::read(blob).expect("a golden file");
    let model = Model::parse(&blob).expect("a valid blob");
    let image = vec![7; model.config().image().len()];
    let network = Network::new(&blob, &model, image).expect("an image of the right size");
    let source = Source::new(None, vendored).expect("this repository");
    Package { kind, network: &network, source: &source }.files(name)
}

fn text<'a>(files: &'a Files, path: &str) -> &'a str {
    let bytes = files.get(path).unwrap_or_else(|| panic!("no file {path}"));
    std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{path} is not text"))
}

fn has_below(files: &Files, folder: &str) -> bool {
    files.iter().any(|(path, _)| path.starts_with(&format!("{folder}/")))
}

/// *Arduino Library Specification*, "library.properties file format", "Layout of folders and files":
/// <https://docs.arduino.cc/arduino-cli/library-specification>.
#[test]
fn an_arduino_library_is_as_arduino_says() {
    let files = package(Kind::Arduino, "Cats-2", false).unwrap();
    let fields: BTreeMap<_, _> = text(&files, "library.properties")
        .lines()
        .map(|line| line.split_once('=').unwrap_or_else(|| panic!("not a field: {line}")))
        .collect();
    for field in ["name", "version", "author", "maintainer", "sentence", "paragraph", "category"] {
        assert!(!fields[field].is_empty(), "{field}");
    }
    for field in ["url", "architectures"] {
        assert!(!fields[field].is_empty(), "{field}");
    }
    assert_eq!(fields["name"], "Cats-2", "the name of the directory");
    assert_eq!(fields["category"], "Data Processing", "one of the categories that Arduino lists");
    let numbers: Vec<_> = fields["version"].split('.').map(str::parse::<u32>).collect();
    assert!(numbers.len() == 3 && numbers.iter().all(Result::is_ok), "a semantic version");
    for header in fields["includes"].split(',') {
        assert!(files.get(&format!("src/{header}")).is_some(), "{header} is in src");
    }
    // With `full`, the sources would not be compiled, and one of them is the network.
    assert_eq!(fields["precompiled"], "true", "archives beside sources");
    assert_eq!(fields["ldflags"], "-locelli", "the archive libocelli.a");

    // "src/{build.mcu}" or "src/{build.mcu}/{build.fpu}-{build.float-abi}".
    let script = text(&files, "extras/archives.sh");
    let table = script.split('\'').nth(1).expect("a table in quotes");
    let rows: Vec<Vec<_>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|row: &Vec<_>| !row.is_empty())
        .collect();
    assert!(rows.len() > 4, "{table}");
    for row in &rows {
        let [folder, target, _] = row[..] else { panic!("three columns: {row:?}") };
        let (mcu, float) = folder.split_once('/').unwrap_or((folder, ""));
        assert!(mcu.starts_with("cortex-m"), "{folder}");
        assert_eq!(float.ends_with("-hard"), target.ends_with("hf"), "{folder}");
        let fallback = rows.iter().any(|row| row[0] == mcu);
        assert!(fallback, "boards with another ABI of floating-point numbers: {folder}");
    }
    assert!(script.contains("libocelli.a"), "names of archives begin with lib");

    // Everything below `src` is compiled, so nothing else may be there.
    let sources: Vec<_> =
        files.iter().map(|(path, _)| path).filter(|path| path.starts_with("src/")).collect();
    assert_eq!(sources, ["src/ocelli.h", "src/ocelli_network.h", "src/ocelli_network.c"], "src");
    assert!(
        files.get("examples/classify/classify.ino").is_some(),
        "a sketch has the name of its folder"
    );
    let vendored = package(Kind::Arduino, "cats", true).unwrap();
    assert!(has_below(&vendored, "extras/ocelli/runtime/src"), "extras are not compiled");
    assert!(!has_below(&vendored, "src/ocelli"), "the copy is not compiled");
}

/// *Arduino Library Specification*, "Library Root folder".
#[test]
fn arduino_takes_only_some_names() {
    let long = "a".repeat(64);
    for name in ["", ".", "-cats", "my cats", "ça", "2", &long] {
        let error = package(Kind::Arduino, name, false).unwrap_err().to_string();
        assert!(error.contains("letters, digits"), "{name}: {error}");
        package(Kind::Cmake, name, false).expect("CMake takes any name");
    }
    package(Kind::Arduino, &long[1..], false).expect("63 letters");
}

/// *Modules (External projects)*, "Module yaml file description", and the schema in Zephyr's
/// `scripts/zephyr_module.py`: <https://docs.zephyrproject.org/latest/develop/modules.html>.
#[test]
fn a_zephyr_module_is_as_zephyr_says() {
    let files = package(Kind::Zephyr, "cats", false).unwrap();
    let mut module = BTreeMap::new();
    let mut above = "";
    for line in text(&files, "zephyr/module.yml").lines() {
        if let Some(entry) = line.trim().strip_prefix("- ") {
            module.insert(format!("{above}[]"), entry);
            continue;
        }
        let (key, value) = line.split_once(':').expect("a key");
        if let Some(key) = key.strip_prefix("  ") {
            module.insert(format!("{above}.{key}"), value.trim());
        } else {
            above = key;
            module.insert(key.to_owned(), value.trim());
        }
    }
    for key in module.keys() {
        let known = ["name", "build", "build.cmake", "build.kconfig", "samples", "samples[]"];
        assert!(known.contains(&key.as_str()), "the schema has no {key}");
    }
    assert!(files.get(&format!("{}/CMakeLists.txt", module["build.cmake"])).is_some(), "CMake");
    let kconfig = text(&files, module["build.kconfig"]);
    assert!(has_below(&files, module["samples[]"]), "samples");

    let lists = text(&files, "zephyr/CMakeLists.txt");
    assert!(!lists.contains("project("), "add_subdirectory adds it to Zephyr's own project");
    let sample = |name: &str| text(&files, &format!("samples/classify/{name}")).to_owned();
    assert!(sample("CMakeLists.txt").contains("find_package(Zephyr REQUIRED"), "an application");
    let symbols = sample("prj.conf");
    let own = symbols.lines().find_map(|line| line.strip_suffix("=y")?.strip_prefix("CONFIG_"));
    assert!(kconfig.contains(&format!("config {}\n", own.unwrap())), "{symbols}");
    assert!(lists.contains(&format!("if(NOT CONFIG_{})", own.unwrap())), "only if it is asked for");
    for key in ["sample:", "  name:", "tests:", "    harness: console", "      regex:"] {
        assert!(sample("sample.yaml").contains(key), "{key}");
    }
}

#[test]
fn every_package_says_what_the_network_needs() {
    for (kind, folder) in
        [(Kind::Arduino, "src"), (Kind::Zephyr, "include"), (Kind::Cmake, "include")]
    {
        let files = package(kind, "cats", false).unwrap();
        let header = text(&files, &format!("{folder}/ocelli_network.h"));
        let blob = text(&files, "src/ocelli_network.c").lines().filter(|line| line.ends_with(','));
        let numbers: usize = blob.map(|line| line.split(',').count() - 1).sum();
        let value = |name: &str| -> usize {
            let line =
                header.lines().find_map(|line| line.strip_prefix(&format!("#define {name} ")));
            line.and_then(|value| value.parse().ok())
                .unwrap_or_else(|| panic!("{name} in {header}"))
        };
        let classes = value("OCELLI_NETWORK_CLASSES");
        assert_eq!(numbers, value("OCELLI_NETWORK_BLOB_LEN") + classes, "bytes and names");
        let image = value("OCELLI_NETWORK_IMAGE_WIDTH") * value("OCELLI_NETWORK_IMAGE_HEIGHT") * 3;
        assert_eq!(image, value("OCELLI_NETWORK_IMAGE_LEN"), "an image");
        assert!(value("OCELLI_NETWORK_ARENA_LEN") > 0, "the arena");
        for (path, bytes) in files.iter() {
            let whole = std::str::from_utf8(bytes).is_ok_and(|text| {
                !["@SOURCE@", "@CLASSIFY@", "@BLOB@"].iter().any(|name| text.contains(name))
            });
            assert!(whole, "{path}");
        }
    }
}
