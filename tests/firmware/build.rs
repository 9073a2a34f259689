//! Writes the linker's memory map of the board, and `model.rs`: the blob and the sizes that follow
//! from it.
//!
//! `OCELLI_BOARD` names a file of `boards`, `OCELLI_BLOB` a blob; both have defaults, so that a
//! plain `cargo build` works. `OCELLI_INDEX` names the index that a program searches.

use runtime::config::VitConfig;
use runtime::{Descriptor, FormatError, Model};
use std::path::{Path, PathBuf};
use std::{env, fs};

const BOARD: &str = "mps2";
const BLOB: &str = "../../trainer/models/micro/model.bin";

fn main() {
    println!("cargo::rerun-if-env-changed=OCELLI_BOARD");
    println!("cargo::rerun-if-env-changed=OCELLI_BLOB");
    println!("cargo::rerun-if-env-changed=OCELLI_INDEX");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let board = env::var("OCELLI_BOARD").unwrap_or_else(|_| BOARD.into());
    link(&root.join("boards").join(board).with_extension("x"), &out);
    let blob = env::var_os("OCELLI_BLOB").map_or_else(|| root.join(BLOB), PathBuf::from);
    model(&blob, &out);
}

/// Memory map and linker script. `cortex-m-rt` provides the script `link.x`, which includes `memory.x`; the
/// RISC-V board's file is a complete script.
fn link(map: &Path, out: &Path) {
    println!("cargo::rerun-if-changed={}", map.display());
    let script = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("arm") => "memory.x",
        Ok("riscv32") => "link.x",
        _ => return,
    };
    // The names of the interrupts, which the crate of a chip would define.
    fs::write(out.join("device.x"), "").expect("OUT_DIR is writable");
    fs::copy(map, out.join(script)).unwrap_or_else(|error| panic!("{}: {error}", map.display()));
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bins=--nmagic");
}

fn model(blob: &Path, out: &Path) {
    println!("cargo::rerun-if-changed={}", blob.display());
    let bytes = fs::read(blob).unwrap_or_else(|error| panic!("{}: {error}", blob.display()));
    let (config, arena, described) =
        sizes(&bytes).unwrap_or_else(|error| panic!("{}: {error}", blob.display()));
    let image = config.image();
    let index = env::var("OCELLI_INDEX").unwrap_or_default();
    let index = match index.as_str() {
        "" => "&[]".into(),
        path => {
            println!("cargo::rerun-if-changed={path}");
            format!("include_bytes!({path:?})")
        }
    };
    let text = format!(
        "/// The blob, in flash.\n\
         pub static BLOB: &[u8] = include_bytes!({:?});\n\
         /// Bytes of scratch memory that a run needs.\n\
         pub const ARENA_LEN: usize = {};\n\
         /// The image that the network reads.\n\
         pub const IMAGE_SIZE: runtime::camera::Size =\n    \
             runtime::camera::Size {{ width: {}, height: {} }};\n\
         /// Number of tokens.\n\
         #[allow(dead_code, reason = \"only programs with maps need it\")]\n\
         pub const TOKENS: usize = {};\n\
         /// Bytes of scratch memory that a run with a fingerprint needs; 0 if the blob makes none.\n\
         #[allow(dead_code, reason = \"only programs with fingerprints need it\")]\n\
         pub const DESCRIBED_LEN: usize = {};\n\
         /// The index, in flash; nothing if the program searches none.\n\
         #[allow(dead_code, reason = \"only programs that search need it\")]\n\
         pub static INDEX: &[u8] = {};\n",
        fs::canonicalize(blob).expect("it was read"),
        arena,
        image.width,
        image.height,
        config.tokens(),
        described,
        index,
    );
    fs::write(out.join("model.rs"), text).expect("OUT_DIR is writable");
}

/// The description of a blob, and the bytes of scratch memory of a run without and with a fingerprint.
fn sizes(bytes: &[u8]) -> Result<(VitConfig, usize, usize), FormatError> {
    match Model::parse(bytes) {
        Err(FormatError::Arithmetic { .. }) => {
            let model = Model::parse_f16(bytes)?;
            Ok((model.config().clone(), model.arena_len(), 0))
        }
        model => {
            let model = model?;
            let descriptor = Descriptor::parse(&model)?;
            let described = descriptor.map_or(0, |descriptor| descriptor.arena_len());
            Ok((model.config().clone(), model.arena_len(), described))
        }
    }
}
