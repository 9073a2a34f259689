//! The firmware in C: compiled by a C compiler, linked with the library of `runtime/c`, run on a board and
//! compared with the firmware in Rust.

use crate::board::Board;
use crate::elf::Elf;
use crate::emulator;
use crate::preset::Blob;
use crate::program::Program;
use crate::toolchain::{self, Build, target_directory};
use anyhow::{Context, Result, bail};
use runtime::Model;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Test images.
const IMAGES: usize = 10;

/// Bytes of flash that the firmware in C may take more than the one in Rust.
const MORE_FLASH: usize = 1024;

/// Sources of the firmware that every board needs.
const SOURCES: [&str; 3] = ["main.c", "semihosting.c", "data.S"];

/// Options for every board.
const OPTIONS: [&str; 14] = [
    "-std=c11",
    "-Os",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-asynchronous-unwind-tables",
    "-nostdlib",
    "-nostartfiles",
    "-Wl,--gc-sections",
    "-Wl,--nmagic",
    "-Wl,-z,noexecstack",
];

/// A C compiler for a board.
struct Compiler {
    command: &'static str,
    package: &'static str,
    options: &'static [&'static str],
    /// The source of the start.
    start: &'static str,
    /// The linker script, if the board's map is not all of it.
    script: Option<&'static str>,
}

impl Compiler {
    /// The compiler for a target; `None` if the firmware in C has no start code for it.
    fn for_target(target: &str) -> Option<Self> {
        let arm = |options| Self {
            command: "arm-none-eabi-gcc",
            package: "gcc-arm-none-eabi",
            options,
            start: "start_cortex_m.c",
            script: Some("cortex_m.ld"),
        };
        match target {
            "thumbv6m-none-eabi" => Some(arm(&["-mcpu=cortex-m0", "-mthumb"])),
            "thumbv7em-none-eabihf" => {
                Some(arm(&["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]))
            }
            "riscv32imac-unknown-none-elf" => Some(Self {
                command: "riscv64-unknown-elf-gcc",
                package: "gcc-riscv64-unknown-elf",
                options: &["-march=rv32imac_zicsr", "-mabi=ilp32"],
                start: "start_riscv.S",
                script: None,
            }),
            _ => None,
        }
    }
}

/// Runs the firmware in C and prints a line about it. Returns whether its results are those of this computer, and
/// whether it is not much larger than the firmware in Rust.
pub fn board(board: &Board, blob: Blob, path: &Path) -> Result<bool> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let model = Model::parse(&bytes).context("cannot read the blob")?;
    let file = build(board, path, &model)?;
    let elf = Elf::read(&file)?;
    let run = emulator::run(board, &file, IMAGES)?;
    let program = Program::Classify;
    let rust =
        Build { board, blob: path, index: None, program: program.name(), sites: false, f16: false };
    let rust = Elf::read(&toolchain::build(&rust)?)?.flash;
    let expected = program.answer(&model, IMAGES)?;

    let mut faults = Vec::new();
    if !run.success {
        faults.push("the firmware did not end with success".into());
    }
    if run.value("hash") != Some(&expected.hash) {
        faults.push(format!("hash {:?}, on this computer {}", run.value("hash"), expected.hash));
    }
    if run.values("class") != expected.classes {
        faults.push("other classes than on this computer".into());
    }
    if elf.flash > rust + MORE_FLASH {
        faults.push(format!("more than {MORE_FLASH} bytes larger than the firmware in Rust"));
    }
    let unwanted = elf.unwanted();
    if !unwanted.is_empty() {
        faults.push(format!("unwanted symbols: {}", unwanted.join(" ")));
    }
    println!(
        "{:<14} {:<11} {:<8} {:>8} {rust:>8} {:>6} {:>7} {:>12}  {:<16} {}",
        board.name,
        board.core,
        blob.name(),
        elf.flash,
        elf.flash as i64 - rust as i64,
        elf.ram,
        run.instructions.iter().max().unwrap_or(&0),
        run.value("hash").unwrap_or("-"),
        if faults.is_empty() { "ok" } else { "FAILED" }
    );
    for fault in &faults {
        eprintln!("{}, {}, in C: {fault}", board.name, blob.name());
    }
    Ok(faults.is_empty())
}

/// Builds the firmware and returns its ELF file.
fn build(board: &Board, blob: &Path, model: &Model<'_>) -> Result<PathBuf> {
    let Some(compiler) = Compiler::for_target(board.target) else {
        bail!("the firmware in C has no start code for {}", board.target)
    };
    let library = library(board.target)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let (sources, tests) = (root.join("tests/c/firmware"), root.join("tests/firmware"));
    let map = tests.join("boards").join(board.map).with_extension("x");
    let file = target_directory().join(format!("{}-c.elf", board.name));
    let quoted = |path: &Path| -> Result<String> {
        let path = std::fs::canonicalize(path).with_context(|| path.display().to_string())?;
        Ok(format!("{:?}", path.display().to_string()))
    };
    let mut command = Command::new(compiler.command);
    command
        .args(OPTIONS)
        .args(compiler.options)
        .arg(format!("-DARENA_LEN={}", model.arena_len()))
        .arg(format!("-DIMAGE_LEN={}", model.config().image().len()))
        .arg(format!("-DBLOB_FILE={}", quoted(blob)?))
        .arg(format!("-DIMAGES_FILE={}", quoted(&tests.join("images/cifar10_test_0_9.rgb"))?))
        .arg("-I")
        .arg(root.join("runtime/c/include"))
        .args(SOURCES.iter().chain([&compiler.start]).map(|name| sources.join(name)))
        .arg("-T")
        .arg(map);
    if let Some(script) = compiler.script {
        command.arg("-T").arg(sources.join(script));
    }
    command.arg(library).arg("-lgcc").arg("-o").arg(&file);
    let status = command.status().with_context(|| {
        format!("cannot run {}: install {}", compiler.command, compiler.package)
    })?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(file)
}

/// Builds the library for a target and returns its file.
fn library(target: &str) -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../runtime/c/Cargo.toml");
    let mut command = toolchain::cargo("rustc", target)?;
    toolchain::stack_sizes(&mut command, None);
    command
        .args(["--release", "--quiet", "--locked", "--crate-type", "staticlib"])
        .args(["--target", target])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target_directory())
        // With the flags and the debug information of the firmware in Rust, `core` is built once for both.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only");
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(target_directory().join(target).join("release/libocelli.a"))
}
