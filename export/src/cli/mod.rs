//! The command line: what to do, and how it is reported.

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use export::evaluate::{self, Accuracy};
use export::import::ImportArgs;
use export::inspect::{Inspection, grouped};
use export::model::AnyModel;
use export::record::FloatModel;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::path::{Path, PathBuf};
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
        cargo run -p export -- inspect model.bin\n  \
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
}

// Nothing is flattened into this: clap takes an optional group that holds another one for absent.
#[derive(Debug, Args)]
struct ExportArgs {
    /// Record written by the trainer, such as best.mpk.
    record: PathBuf,
    /// Blob to write, such as model.bin.
    blob: PathBuf,
    /// Directory with the binary version of CIFAR-10 (`data_batch_1.bin` … `test_batch.bin`).
    /// Without it, the built-in 5,000 training and 1,000 test images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Numbers of the blob: int8 computes in integers alone, f16 keeps f16 weights and computes in
    /// f32, for parts with a floating-point unit.
    #[arg(long, value_enum, default_value_t = Precision::Int8)]
    precision: Precision,
    /// Training images whose activations decide the scales of an int8 blob.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = positive)]
    calibration: usize,
    /// Test images to compare the float network and the blob on; all of them by default, 0 for
    /// none.
    #[arg(long, value_name = "N")]
    evaluate: Option<usize>,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Precision {
    Int8,
    F16,
}

#[derive(Debug, Args)]
struct InspectArgs {
    /// Blob to read.
    blob: PathBuf,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct EvaluateArgs {
    /// Blob to run.
    blob: PathBuf,
    /// Directory with the binary version of CIFAR-10 (`data_batch_1.bin` … `test_batch.bin`).
    /// Without it, the built-in 5,000 training and 1,000 test images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Test images to run; all of them by default.
    #[arg(long, value_name = "N", value_parser = positive)]
    images: Option<usize>,
    /// Print one JSON object instead of a line.
    #[arg(long)]
    json: bool,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(value) => Ok(value),
        Err(_) => Err("not a whole number".to_owned()),
    }
}

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Result<()> {
    match (cli.command, cli.export) {
        (Some(Command::Inspect(args)), _) => inspect(&args),
        (Some(Command::Evaluate(args)), _) => evaluate(&args),
        (Some(Command::Import(args)), _) => args.run(),
        (None, Some(args)) => export(&args),
        (None, None) => bail!("give a record and a blob, such as: export best.mpk model.bin"),
    }
}

/// What an export reports.
#[derive(Serialize)]
struct Report {
    precision: &'static str,
    float: Option<Accuracy>,
    blob: Option<Accuracy>,
    agreement: Option<Accuracy>,
    blob_bytes: usize,
    arena_bytes: usize,
    macs: u64,
}

fn export(args: &ExportArgs) -> Result<()> {
    let float = FloatModel::load(&args.record)?;
    let data = dataset(args.data.as_deref(), Some(float.source()))?;
    let blob = match args.precision {
        Precision::Int8 => {
            let calibration = data.train.take(args.calibration);
            let bar = bar("calibrating", calibration.len());
            export::quantize(&float, &calibration, |images| bar.inc(images as u64))
                .map(|quantized| quantized.blob)
                .inspect(|_| bar.finish_and_clear())
        }
        Precision::F16 => float.weights().and_then(|net| export::assemble::assemble_real(&net)),
    }
    .with_context(|| format!("cannot quantize {}", args.record.display()))?;
    trainer::output::write(&args.blob, &blob)?;

    // What is reported is what was written: the file is read back.
    let bytes = read(&args.blob)?;
    let model = parse(&args.blob, &bytes)?;
    let mut report = Report {
        precision: model.precision(),
        float: None,
        blob: None,
        agreement: None,
        blob_bytes: bytes.len(),
        arena_bytes: model.arena_len(),
        macs: model.config().macs(),
    };
    let images = data.test.take(args.evaluate.unwrap_or(usize::MAX));
    if !images.is_empty() {
        let progress = self::bar("float", images.len());
        let reference = float.classify(&images, |images| progress.inc(images as u64))?;
        progress.finish_and_clear();
        let progress = self::bar(model.precision(), images.len());
        let classes = evaluate::classify(&model, &images, |images| progress.inc(images as u64))?;
        progress.finish_and_clear();
        report.float = Some(Accuracy::count(&reference, &images));
        report.blob = Some(Accuracy::count(&classes, &images));
        report.agreement = Some(Accuracy::agreement(&reference, &classes));
    }
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    let accuracy = format!("{} accuracy", report.precision);
    for (name, value) in [
        ("float accuracy", report.float),
        (accuracy.as_str(), report.blob),
        ("agreement", report.agreement),
    ] {
        if let Some(value) = value {
            println!("{name} {value}");
        }
    }
    println!("blob {} bytes, {}", grouped(report.blob_bytes as u64), args.blob.display());
    println!("arena {} bytes", grouped(report.arena_bytes as u64));
    println!("MACs {}", grouped(report.macs));
    Ok(())
}

fn inspect(args: &InspectArgs) -> Result<()> {
    let bytes = read(&args.blob)?;
    let inspection = Inspection::new(&parse(&args.blob, &bytes)?, bytes.len());
    if args.json {
        println!("{}", serde_json::to_string(&inspection)?);
    } else {
        print!("{}", inspection.table());
    }
    Ok(())
}

fn evaluate(args: &EvaluateArgs) -> Result<()> {
    let bytes = read(&args.blob)?;
    let model = parse(&args.blob, &bytes)?;
    let images = dataset(args.data.as_deref(), None)?.test.take(args.images.unwrap_or(usize::MAX));
    let progress = bar(model.precision(), images.len());
    let classes = evaluate::classify(&model, &images, |images| progress.inc(images as u64))
        .with_context(|| format!("cannot evaluate {}", args.blob.display()))?;
    progress.finish_and_clear();
    let accuracy = Accuracy::count(&classes, &images);
    if args.json {
        println!("{}", serde_json::to_string(&accuracy)?);
    } else {
        println!("{} accuracy {accuracy}", model.precision());
    }
    Ok(())
}

/// The images of a directory, or the built-in ones where they are what the record was trained on.
fn dataset(directory: Option<&Path>, source: Option<DataSource>) -> Result<Dataset> {
    match (directory, source) {
        (Some(directory), _) => data::cifar10(directory),
        (None, None | Some(DataSource::Cifar10)) => data::embedded(),
        (None, Some(DataSource::Custom)) => bail!(
            "the record was trained on images of its owner, which are not built in: \
             give their directory with --data DIR"
        ),
    }
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
fn bar(what: &'static str, images: usize) -> ProgressBar {
    let bar = ProgressBar::new(images as u64).with_message(what);
    if let Ok(style) =
        ProgressStyle::with_template("{msg:<12} {bar:32} {pos}/{len} images, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
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
