//! Runs a firmware in QEMU with the instruction counter.

use crate::board::Board;
use crate::toolchain::target_directory;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The output of a firmware, and the counts of the instruction counter.
#[derive(Debug, Default)]
pub struct Transcript {
    /// Lines of a name and a value, in order.
    pub lines: Vec<(String, String)>,
    /// Instructions of each region.
    pub instructions: Vec<u64>,
    /// Whether the firmware ended the emulation with success.
    pub success: bool,
}

impl Transcript {
    /// Instructions of each image, of which each has so many regions.
    pub fn images(&self, regions: usize) -> Vec<u64> {
        self.instructions.chunks(regions).map(|image| image.iter().sum()).collect()
    }

    /// The last value of that name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.lines.iter().rfind(|(line, _)| line == name).map(|(_, value)| value.as_str())
    }

    /// Every value of that name.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.lines.iter().filter(|(line, _)| line == name).map(|(_, value)| &**value).collect()
    }
}

/// Runs an ELF file; `argument` is its command line.
pub fn run(board: &Board, elf: &Path, argument: usize) -> Result<Transcript> {
    let (emulator, machine) = board.machine;
    let output = Command::new(emulator)
        .args(machine)
        .args(["-nographic", "-monitor", "none", "-serial", "none"])
        .arg("-semihosting-config")
        .arg(format!("enable=on,target=native,arg={argument}"))
        .arg("-plugin")
        .arg(counter()?)
        .stdin(Stdio::null())
        .arg("-kernel")
        .arg(elf)
        .output()
        .with_context(|| {
            format!(
                "cannot run {emulator}: install QEMU (Debian: qemu-system-arm, qemu-system-misc)"
            )
        })?;
    let mut transcript = Transcript { success: output.status.success(), ..Transcript::default() };
    // Depending on its version, the emulator writes semihosting output to stdout or to stderr.
    let text = [output.stdout, output.stderr].concat();
    for line in String::from_utf8_lossy(&text).lines() {
        match line.split_once(' ') {
            Some(("instructions", count)) => transcript.instructions.push(count.parse()?),
            Some((name, value)) => transcript.lines.push((name.into(), value.into())),
            None => {}
        }
    }
    Ok(transcript)
}

/// The counter, compiled if it is missing or older than its source.
fn counter() -> Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("count.c");
    let plugin = target_directory().join("libcount.so");
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    if modified(&plugin) < modified(&source) {
        let status = Command::new("cc")
            .args(["-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-o"])
            .args([&plugin, &source])
            .status()
            .context(
                "cannot run cc, which compiles the instruction counter: install a C compiler",
            )?;
        if !status.success() {
            bail!("cc could not compile {}", source.display());
        }
    }
    Ok(plugin)
}
