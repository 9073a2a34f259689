//! Writes the golden files of the newest format version.
//!
//! ```text
//! cargo run -p tests --bin regen_golden
//! cargo run -p tests --bin regen_golden -- --micro model.bin
//! ```

use anyhow::{Context, Result, ensure};
use clap::Parser;
use kit::embedded::test_images;
use runtime::Model;
use runtime::format::VERSION;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tests::golden::{Golden, directory, verdict};
use tests::losses;

/// Writes the golden files of the newest format version under tests/golden.
#[derive(Debug, Parser)]
struct Cli {
    /// Take this trained blob as the golden `micro.bin` and pin its logits, its evidence and its objects on
    /// the 1,000 built-in test images, instead of generating the synthetic files
    #[arg(long, value_name = "BLOB")]
    micro: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let written = match &cli.micro {
        Some(path) => trained(path),
        None => generated(),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("regen_golden: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The synthetic networks.
fn generated() -> Result<()> {
    for golden in Golden::all() {
        for (name, bytes) in golden.files() {
            write(&name, &bytes)?;
        }
    }
    write(losses::FILE, losses::table()?.as_bytes())
}

/// The trained network.
fn trained(path: &Path) -> Result<()> {
    let shown = path.display();
    let blob = fs::read(path).with_context(|| format!("{shown}: cannot read the blob"))?;
    let model = Model::parse(&blob).with_context(|| {
        format!(
            "{shown}: not a blob that the runtime can run; write one with `cargo run -p export -- best.mpk model.bin`"
        )
    })?;
    let images = test_images();
    let count = images.labels.len();
    let (found, expected) = (model.config().image().len(), images.pixels.len() / count);
    ensure!(
        found == expected,
        "{shown}: reads images of {found} bytes, the built-in ones have {expected}; take a blob \
         trained on CIFAR-10"
    );
    let images = images.pixels.chunks_exact(expected).zip(images.labels.iter().copied());
    let verdict = verdict(&model, images)?;
    write("micro.bin", &blob)?;
    write("micro.logits", format!("{}\n", verdict.logits).as_bytes())?;
    write("micro.evidence", format!("{}\n", verdict.evidence).as_bytes())?;
    write("micro.objects", format!("{}\n", verdict.objects).as_bytes())?;
    println!("{} of {} test images are classified correctly", verdict.correct, count);
    println!("the logits hash to {}", verdict.logits);
    write(losses::FILE, losses::table()?.as_bytes())
}

/// Writes one file.
fn write(name: &str, bytes: &[u8]) -> Result<()> {
    let directory = directory(VERSION);
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let path = directory.join(name);
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{} ({} bytes)", path.display(), bytes.len());
    Ok(())
}
