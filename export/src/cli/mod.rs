//! The command line: what to do, and how it is reported.

mod evaluate;
mod inspect;
mod quantize;
mod sensitivity;

use anyhow::{Context, Result, bail, ensure};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use evaluate::EvaluateArgs;
use export::import::ImportArgs;
use export::model::AnyModel;
use export::{Counter, Phase};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use inspect::InspectArgs;
use quantize::ExportArgs;
use sensitivity::SensitivityArgs;
use std::path::Path;
use trainer::data::{self, DataSource, Dataset};

/// Quantizes a trained record and writes one blob for the runtime.
#[derive(Debug, Parser)]
#[command(
    name = "export",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
        cargo run -p export -- best.mpk model.bin\n  \
        cargo run -p export -- best.mpk model.bin --data cifar-10-batches-bin --calibration 2000\n  \
        cargo run -p export -- best.mpk model.bin --observer search --report report\n  \
        cargo run -p export -- best.mpk firmware/model.bin --rust firmware/src/model.rs\n  \
        cargo run -p export -- weights.safetensors model.bin --preset compact\n  \
        cargo run -p export -- inspect model.bin\n  \
        cargo run -p export -- sensitivity best.mpk\n  \
        cargo run -p export -- evaluate model.bin --data cifar-10-batches-bin"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    export: Option<ExportArgs>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what a blob holds: geometry, memory, classes, layers.
    Inspect(InspectArgs),
    /// Classifies test images with a blob and prints its accuracy.
    Evaluate(EvaluateArgs),
    Import(ImportArgs),
    /// Measures what each activation loses by having only eight bits.
    Sensitivity(SensitivityArgs),
}

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Result<()> {
    match (cli.command, cli.export) {
        (Some(Command::Inspect(args)), _) => args.run(),
        (Some(Command::Evaluate(args)), _) => args.run(),
        (Some(Command::Import(args)), _) => args.run(),
        (Some(Command::Sensitivity(args)), _) => args.run(),
        (None, Some(args)) => args.run(),
        (None, None) => {
            let missing = "give a record and a blob, such as: export best.mpk model.bin";
            Cli::command().error(ErrorKind::MissingRequiredArgument, missing).exit()
        }
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(value) => Ok(value),
        Err(_) => Err("not a whole number".to_owned()),
    }
}

/// The images of a directory, or the built-in ones where they are what the record was trained on.
fn dataset(directory: Option<&Path>, source: Option<DataSource>) -> Result<Dataset> {
    match (directory, source) {
        (Some(directory), _) => data::open(directory),
        (None, None | Some(DataSource::Cifar10)) => data::embedded(),
        (None, Some(DataSource::Custom)) => bail!(
            "the record was trained on images of its owner, which are not built in: \
             give their directory with --data DIR"
        ),
    }
}

/// Refuses images of other classes than the network's.
fn check_classes<'a>(
    dataset: &Dataset,
    classes: impl Iterator<Item = Option<&'a str>>,
    file: &Path,
) -> Result<()> {
    let known: Vec<_> = classes.collect();
    let same = known.len() == dataset.classes.len()
        && known.iter().zip(&dataset.classes).all(|(ours, theirs)| {
            // A blob need not carry names.
            ours.is_none_or(|ours| ours == theirs)
        });
    ensure!(
        same,
        "{} tells {} classes apart, {}; the images have {}, {}: give the images that it was trained \
         on with --data DIR",
        file.display(),
        known.len(),
        known.iter().map(|name| name.unwrap_or("?")).collect::<Vec<_>>().join(", "),
        dataset.classes.len(),
        dataset.classes.join(", ")
    );
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .with_context(|| format!("cannot read {}: give the path of a blob", path.display()))
}

fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<AnyModel<'a>> {
    AnyModel::parse(bytes).with_context(|| {
        format!(
            "{} cannot be used: write it again with `export best.mpk model.bin`",
            path.display()
        )
    })
}

/// A bar on standard error, where that is a terminal.
fn bar(what: &'static str, len: usize) -> ProgressBar {
    let bar = ProgressBar::new(len as u64).with_message(what);
    if let Ok(style) =
        ProgressStyle::with_template("{msg:<12} {bar:32} {pos}/{len}, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

/// A bar for a phase of [`export::quantize`], gone when that is over.
fn watched(phase: Phase, total: usize) -> Counter {
    let what = match phase {
        Phase::Calibrating => "calibrating",
        Phase::Searching => "searching",
        Phase::Correcting => "biases",
    };
    let bar = bar(what, total).with_finish(ProgressFinish::AndClear);
    Box::new(move |done| bar.inc(done as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_positional_form_and_the_subcommands_are_told_apart() {
        let parse = |args: &[&str]| {
            let cli = Cli::try_parse_from([&["export"], args].concat()).unwrap();
            (cli.command.is_some(), cli.export.is_some())
        };
        assert_eq!(
            parse(&["best.mpk", "model.bin", "--data", "images"]),
            (false, true),
            "an export"
        );
        for subcommand in [
            &["inspect", "model.bin"][..],
            &["evaluate", "model.bin", "--data", "images"],
            &["import", "weights.safetensors", "best.mpk"],
        ] {
            assert_eq!(parse(subcommand), (true, false), "{subcommand:?}");
        }
    }
}
