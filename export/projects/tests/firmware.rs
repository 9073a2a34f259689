//! Firmware for every board, without building it.

use projects::board::Board;
use projects::firmware::Firmware;
use projects::{Network, Source};
use runtime::Model;
use std::path::Path;

/// Calls `check` with a firmware of that network.
fn with_firmware(board: &'static Board, blob: &str, check: impl FnOnce(&Firmware<'_>)) {
    let blob = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(blob);
    let blob = std::fs::read(blob).expect("a file of the repository");
    let model = Model::parse(&blob).expect("a valid blob");
    let image = vec![7; model.config().image().len()];
    let network = Network::new(&blob, &model, image).expect("an image of the right size");
    let source = Source::new(None, false).expect("this repository");
    check(&Firmware { board, network: &network, module: String::new(), source: &source });
}

const TINY: &str = "tests/golden/v1/tiny.bin";
const NANO: &str = "trainer/models/nano/model.bin";
const COMPACT: &str = "trainer/models/compact/model.bin";

#[test]
fn every_board_gets_a_whole_project() {
    for board in &Board::ALL {
        with_firmware(board, TINY, |firmware| {
            firmware.memory().check().expect("the smallest network fits everywhere");
            let files = firmware.files().expect("the source is there");
            let text = |path: &str| {
                let bytes = files.get(path).unwrap_or_else(|| panic!("{}: {path}", board.name));
                String::from_utf8(bytes.to_vec()).expect("text")
            };
            let config = text(".cargo/config.toml");
            assert!(config.contains(&format!("[target.{}]\n", board.target)), "{config}");
            assert_eq!(config.contains("probe-rs"), !board.is_emulated(), "{config}");
            assert_eq!(config.contains("rustflags"), board.cpu.is_some(), "{config}");
            assert_eq!(text("Cargo.toml").contains("defmt"), !board.is_emulated(), "its output");
            assert!(text("memory.x").starts_with(board.map), "the memory map");
            assert_eq!(
                text("src/main.rs").contains("mod start;"),
                files.get("src/start.rs").is_some(),
                "{}: every module has its file",
                board.name
            );
            assert!(files.get("model.bin").is_some_and(|blob| blob.len() > 1000), "the network");
        });
    }
}

#[test]
fn a_network_that_does_not_fit_is_refused() {
    let refused = |board: &str, blob: &str| {
        let mut message = String::new();
        with_firmware(Board::by_name(board).expect("a board"), blob, |firmware| {
            message = firmware
                .memory()
                .check()
                .map_or_else(|error| error.to_string(), |()| String::new());
        });
        message
    };
    let message = refused("microbit", NANO);
    assert!(message.contains("of RAM (arena 16006") && message.contains("has 16384"), "{message}");
    let message = refused("nucleo-f446re", COMPACT);
    assert!(
        message.contains("of flash (network 971731") && message.contains("has 524288"),
        "{message}"
    );
    assert_eq!(refused("pico2", COMPACT), "", "a large board");
    assert_eq!(refused("netduinoplus2", COMPACT), "", "a board of 128 KiB of RAM");
}
