//! The command line: what to do, and how it is reported.

mod descriptor;
mod evaluate;
mod evidence;
mod files;
mod firmware;
mod images;
mod import;
mod index;
mod inspect;
mod package;
mod page;
mod progress;
mod project;
mod qdrant;
mod quantize;
mod retrieval;
mod sensitivity;
mod table;
mod values;
mod weights;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use descriptor::DescriptorArgs;
use evaluate::EvaluateArgs;
use evidence::EvidenceArgs;
use firmware::FirmwareArgs;
use import::ImportArgs;
use index::IndexArgs;
use inspect::InspectArgs;
use package::PackageArgs;
use page::PageArgs;
use qdrant::QdrantArgs;
use quantize::{Export, ExportFiles, ExportOptions};
use retrieval::RetrievalArgs;
use sensitivity::SensitivityArgs;

/// Quantizes a trained checkpoint and writes one blob for the runtime.
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
        cargo run -p export -- evaluate model.bin --data cifar-10-batches-bin\n  \
        cargo run -p export -- evidence model.bin --data cifar-10-batches-bin\n  \
        cargo run -p export -- descriptor model.bin described.bin --data cifar-10-batches-bin\n  \
        cargo run -p export -- index described.bin pictures index.bin\n  \
        cargo run -p export -- page described.bin page --index index.bin\n  \
        cargo run -p export --features qdrant -- qdrant index.bin --collection known\n  \
        cargo run -p export -- retrieval described.bin --data cifar-10-batches-bin\n  \
        cargo run -p export -- firmware project --board pico2 --model model.bin\n  \
        cargo run -p export -- package model.bin package --for cmake"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    files: Option<ExportFiles>,
    #[command(flatten)]
    options: ExportOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows the contents of a blob: shape, memory, classes, layers.
    Inspect(InspectArgs),
    /// Classifies test images with a blob and prints its accuracy.
    Evaluate(EvaluateArgs),
    Descriptor(DescriptorArgs),
    Evidence(EvidenceArgs),
    Firmware(FirmwareArgs),
    Index(IndexArgs),
    Import(ImportArgs),
    Package(PackageArgs),
    Page(PageArgs),
    Qdrant(QdrantArgs),
    Retrieval(RetrievalArgs),
    /// Measures how much each activation loses because it is stored in eight bits.
    Sensitivity(SensitivityArgs),
}

/// Runs the command.
pub(crate) fn run(cli: Cli) -> Result<()> {
    let options = cli.options;
    match (cli.command, cli.files) {
        (Some(Command::Inspect(args)), _) => args.run(),
        (Some(Command::Evaluate(args)), _) => args.run(),
        (Some(Command::Descriptor(args)), _) => args.run(),
        (Some(Command::Evidence(args)), _) => args.run(),
        (Some(Command::Firmware(args)), _) => args.run(),
        (Some(Command::Index(args)), _) => args.run(),
        (Some(Command::Package(args)), _) => args.run(),
        (Some(Command::Retrieval(args)), _) => args.run(),
        (Some(Command::Import(args)), _) => args.run(),
        (Some(Command::Page(args)), _) => args.run(),
        (Some(Command::Qdrant(args)), _) => args.run(),
        (Some(Command::Sensitivity(args)), _) => args.run(),
        (None, Some(files)) => Export { files, options }.run(),
        (None, None) => {
            let missing = "give a checkpoint and a blob, such as: export best.mpk model.bin";
            Cli::command().error(ErrorKind::MissingRequiredArgument, missing).exit()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_positional_form_and_the_subcommands_are_told_apart() {
        let parse = |args: &[&str]| {
            let cli = Cli::try_parse_from([&["export"], args].concat()).unwrap();
            (cli.command.is_some(), cli.files.is_some())
        };
        assert_eq!(
            parse(&["best.mpk", "model.bin", "--data", "images"]),
            (false, true),
            "an export"
        );
        for subcommand in [
            &["inspect", "model.bin"][..],
            &["evaluate", "model.bin", "--data", "images"],
            &["evidence", "model.bin", "--grids", "10"],
            &["descriptor", "model.bin", "described.bin"],
            &["index", "described.bin", "pictures", "index.bin"],
            &["page", "model.bin", "page"],
            &["qdrant", "index.bin", "--collection", "known"],
            &["retrieval", "described.bin", "--queries", "9"],
            &["import", "weights.safetensors", "best.mpk"],
            &["firmware", "project", "--board", "pico2"],
            &["package", "model.bin", "package", "--for", "cmake"],
        ] {
            assert_eq!(parse(subcommand), (true, false), "{subcommand:?}");
        }
    }
}
