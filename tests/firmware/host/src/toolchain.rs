//! Which compiler builds for a target, and how.

use crate::board::Board;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The settings of a build of the firmware.
#[derive(Debug)]
pub struct Build<'a> {
    /// The board.
    pub board: &'a Board,
    /// The file with the blob.
    pub blob: &'a Path,
    /// The file with the index, for programs that search one.
    pub index: Option<&'a Path>,
    /// The program of the firmware, such as `classify`.
    pub program: &'a str,
    /// Whether the firmware marks sites instead of whole runs for the instruction counter.
    pub sites: bool,
    /// Whether the firmware has the arithmetic `F16`.
    pub f16: bool,
}

/// The target directory of all builds.
pub fn target_directory() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
    }
}

/// Builds a firmware and returns its ELF file.
pub fn build(build: &Build<'_>) -> Result<PathBuf> {
    let Build { board, blob, index, program, sites, f16 } = *build;
    let mut command = cargo("build", board.target)?;
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(["--release", "--quiet", "--package", "firmware", "--target", board.target])
        .args(["--bin", program])
        .arg("--target-dir")
        .arg(target_directory())
        .env("OCELLI_BOARD", board.map)
        .env("OCELLI_BLOB", blob)
        .env("OCELLI_INDEX", index.unwrap_or(Path::new("")));
    if sites {
        command.args(["--features", "sites"]);
    }
    if f16 {
        command.args(["--features", "f16"]);
    }
    stack_sizes(&mut command, board.cpu);
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(target_directory().join(board.target).join("release").join(program))
}

/// Sets the flags of the compiler: for a processor, with the sizes of stack frames.
pub fn stack_sizes(command: &mut Command, cpu: Option<&str>) {
    let mut flags = String::from("-Zemit-stack-sizes");
    if let Some(cpu) = cpu {
        flags += &format!(" -Ctarget-cpu={cpu}");
    }
    command
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        // A stable compiler does not report the sizes of stack frames without this.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags);
}

/// A subcommand of cargo, of a toolchain that has `core` for the target, or its source.
pub fn cargo(subcommand: &str, target: &str) -> Result<Command> {
    if library(Path::new("rustc"), target)?.join("lib").is_dir() {
        let mut command = Command::new("cargo");
        command.arg(subcommand);
        return Ok(command);
    }
    // A distribution's compiler needs its own sources, because rustup's `core` may have another version.
    let (rustc, cargo) = (Path::new("/usr/bin/rustc"), Path::new("/usr/bin/cargo"));
    if rustc.is_file() && cargo.is_file() && library(rustc, "src/rust/library")?.is_dir() {
        let mut command = Command::new(cargo);
        command.args([subcommand, "-Zbuild-std=core"]);
        command.env("RUSTC", rustc).env_remove("RUSTUP_TOOLCHAIN");
        // This compiler needs rust-lld, which the distribution may not have installed. The toolchain that
        // built this program has it.
        let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let tools = library(Path::new("rustc"), &host)?.join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::env::split_paths(&path).chain([tools]));
        command.env("PATH", path.context("PATH")?);
        return Ok(command);
    }
    bail!(
        "no compiler here has `core` for {target}: `rustup target add {target}`, \
         or install a distribution's compiler with its sources (Debian: rustc-web cargo-web rust-web-src)"
    )
}

/// A directory of a compiler's libraries.
fn library(rustc: &Path, name: &str) -> Result<PathBuf> {
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .with_context(|| format!("{} --print sysroot", rustc.display()))?;
    let sysroot = String::from_utf8(output.stdout).context("sysroot")?;
    Ok(Path::new(sysroot.trim_end()).join("lib/rustlib").join(name))
}
