//! Classifies pictures: PNG, JPEG, WebP, BMP, GIF or TIFF of any size, as the trainer reads them.
//!
//! ```text
//! cargo run --release -p runtime --example classify -- model.bin photo.jpg
//! cargo run --release -p runtime --example classify -- model.bin photos --csv
//! ```

mod many;
mod one;

use anyhow::{Context, Result};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use many::Form;
use pictures::Gathered;
use runtime::Kernels;
use std::io::{BufWriter, ErrorKind, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Classifies pictures with an int8 blob.
///
/// A picture is turned upright. The largest part around its centre with the shape of the model's input is
/// resized to that input. For one file, the output lists its classes, memory and time. For several files or
/// a folder, the output has one line for each file.
#[derive(Debug, Parser)]
#[command(name = "classify", arg_required_else_help = true)]
struct Cli {
    /// The blob that `export` wrote
    model: PathBuf,
    /// PNG, JPEG, WebP, BMP, GIF or TIFF files of any size, or folders of them
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// Print a JSON object for one file, and an array of objects for several or for a folder
    #[arg(long)]
    json: bool,
    /// Print a table with the columns file, class, probability, error
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Set of kernels; all give the same bits
    #[arg(long, value_name = "NAME", default_value = Kernels::best().name,
          value_parser = PossibleValuesParser::new(Kernels::all().map(|kernels| kernels.name)))]
    kernels: String,
}

fn main() -> ExitCode {
    let mut out = BufWriter::new(stdout().lock());
    let done = classify(&Cli::parse(), &mut out);
    let written = out.flush().context("cannot print");
    match done.and(written) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output has what it wanted.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("classify: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == ErrorKind::BrokenPipe)
}

fn classify(cli: &Cli, out: &mut impl Write) -> Result<()> {
    let bytes = blob_file::read(&cli.model)?;
    let model = blob_file::parse(&cli.model, &bytes)?;
    let kernels = Kernels::all().find(|kernels| kernels.name == cli.kernels);
    let model = model.with_kernels(kernels.context("no kernels of that name")?);
    if let ([image], false) = (cli.images.as_slice(), cli.csv)
        && !image.is_dir()
    {
        let report = one::Report::make(&cli.model, image, &model, bytes.len())?;
        let text = if cli.json { report.json() } else { report.text() };
        return Ok(out.write_all(text?.as_bytes())?);
    }
    let inputs = Gathered::new(&cli.images)?;
    for left_out in &inputs.left_out {
        eprintln!("left out: {left_out}");
    }
    let form = match (cli.csv, cli.json) {
        (true, _) => Form::Csv,
        (_, true) => Form::Json,
        _ => Form::Text,
    };
    many::classify(&model, &inputs, form, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named_with_the_remedy() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/v1/tiny.bin");
        let refusal = |model: &str, image: &str| {
            let cli = Cli::parse_from(["classify", model, image]);
            format!("{:#}", classify(&cli, &mut Vec::new()).unwrap_err())
        };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let error = refusal("no/model.bin", source);
        assert!(error.contains("no/model.bin"), "a missing blob: {error}");
        let error = refusal(source, source);
        assert!(error.contains("Cargo.toml") && error.contains("export"), "no blob: {error}");
        let error = refusal(golden, "no/photo.jpg");
        assert!(error.contains("no/photo.jpg"), "a missing picture: {error}");
        let error = refusal(golden, source);
        assert!(error.contains("is not a picture: PNG"), "no picture: {error}");
    }
}
