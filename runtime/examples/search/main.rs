//! Finds the known pictures that are most like a given one. Prints ten lines and draws a contact sheet.
//!
//! ```text
//! cargo run --release -p runtime --example search -- described.bin index.bin photo.jpg
//! cargo run --release -p runtime --example search -- described.bin index.bin photo.jpg --pictures known
//! ```

mod answer;
mod index;
mod known;
mod sheet;

use answer::{Answer, Compared};
use anyhow::{Context, Result, anyhow};
use clap::Parser;
use output::Replaces;
use pictures::shown_path;
use runtime::Descriptor;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Finds the known pictures that are most like a given one.
///
/// The ten nearest entries of an index are printed, one a line: rank, distance, label, file. The distance is
/// the one that `Index::nearest` gives. With --pictures, a contact sheet shows the picture and the pictures
/// that were found.
///
/// The picture is turned upright, its centre is cut to the shape of the model's input and resized to it, as
/// `export index` does.
#[derive(Debug, Parser)]
#[command(name = "search", arg_required_else_help = true)]
struct Cli {
    /// The blob that `export descriptor` wrote
    described: PathBuf,
    /// The index that `export index` wrote with this blob
    index: PathBuf,
    /// PNG, JPEG, WebP, BMP, GIF or TIFF file of any size
    image: PathBuf,
    /// The folder that was indexed; draws the pictures that were found
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    /// What is compared
    #[arg(long, value_enum, default_value_t = Compared::Mixed)]
    likeness: Compared,
    /// The PNG file to write
    #[arg(long, value_name = "FILE", default_value = "found.png", requires = "pictures")]
    out: PathBuf,
    /// Replace the file if it exists
    #[arg(long, requires = "pictures")]
    overwrite: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match search(&Cli::parse(), &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("search: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn search(cli: &Cli, out: &mut impl Write) -> Result<()> {
    if cli.pictures.is_some() {
        output::refuse_inputs(&[&cli.out], &[&cli.described, &cli.index, &cli.image])?;
        output::check(&cli.out, Replaces::if_told(cli.overwrite))?;
    }
    let blob = blob_file::read(&cli.described)?;
    let model = blob_file::parse(&cli.described, &blob)?;
    let descriptor = Descriptor::parse(&model)
        .with_context(|| shown_path(&cli.described))?
        .with_context(|| {
            let path = shown_path(&cli.described);
            format!(
                "{path} has no descriptor: add one with \
                 `cargo run -p export -- descriptor {path} described.bin`"
            )
        })?;
    let bytes = index::read(&cli.index)?;
    let index = index::parse(&cli.index, &bytes)?;
    let picture = pictures::read(&cli.image)
        .map_err(|fault| anyhow!("{} {fault}", shown_path(&cli.image)))?;
    let answer = Answer::find((&model, &descriptor), &index, (&cli.image, &picture), cli.likeness)
        .with_context(|| format!("cannot search {}", shown_path(&cli.index)))?;
    let text = if cli.json { answer.json() } else { answer.text() };
    out.write_all(text.as_bytes())?;
    let Some(dir) = &cli.pictures else { return Ok(()) };
    let known = known::read(dir, &answer, &cli.out)?;
    output::write(&cli.out, &sheet::png(&answer, &known)?)?;
    eprintln!("wrote {}", shown_path(&cli.out));
    Ok(())
}

#[cfg(test)]
mod tests;
