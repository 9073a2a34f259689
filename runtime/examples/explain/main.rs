//! Shows where in a picture a network found its class: the picture, the evidence over it, boxes, five classes,
//! and attributes with maps of their own.
//!
//! ```text
//! cargo run --release -p runtime --example explain -- model.bin photo.jpg --out explained.png
//! cargo run --release -p runtime --example explain -- model.bin photos --out explained.png
//! cargo run --release -p runtime --example explain -- full.bin photo.jpg --attribute wings
//! ```

mod attributes;
mod drawn;
mod explanation;
mod page;
mod sheet;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Parser;
use explanation::{Explanation, Question};
use output::Replaces;
use pictures::{Gathered, shown_path};
use runtime::{Attributes, Model};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Shows where in a picture a network found its class, and its attributes.
///
/// A picture is turned upright, its centre is cut to the shape of the model's input and resized to
/// it, as `classify` does. One file gets a page with its five best classes; several files or a folder get a
/// contact sheet. A line for each picture is printed, too. If the blob has attributes, the line names those that
/// are more likely there than not, and the page shows the maps of the most probable ones.
///
/// The evidence of all tokens and a constant add up to exactly the logit of the class. Attention has mixed the
/// tokens before. So the evidence of a token also depends on the pixels of other tokens.
#[derive(Debug, Parser)]
#[command(name = "explain", arg_required_else_help = true)]
struct Cli {
    /// The blob that `export` wrote
    model: PathBuf,
    /// PNG, JPEG, WebP, BMP, GIF or TIFF files of any size, or folders of them
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// The PNG file to write
    #[arg(long, value_name = "FILE", default_value = "explained.png")]
    out: PathBuf,
    /// Show the evidence for this class instead of the most probable one: a name or a number from 0
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Show the evidence for the class minus the evidence for this one
    #[arg(long, value_name = "CLASS")]
    against: Option<String>,
    /// Show the evidence for this attribute instead of a class: a name or a number from 0
    #[arg(long, value_name = "NAME", conflicts_with_all = ["class", "against"])]
    attribute: Option<String>,
    /// Replace the file if it exists
    #[arg(long)]
    overwrite: bool,
}

fn main() -> ExitCode {
    match explain(&Cli::parse(), &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("explain: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn explain(cli: &Cli, out: &mut impl Write) -> Result<()> {
    output::check(&cli.out, Replaces::if_told(cli.overwrite))?;
    let bytes = blob_file::read(&cli.model)?;
    let model = blob_file::parse(&cli.model, &bytes)?;
    let attributes = Attributes::parse(&model)
        .with_context(|| format!("cannot read the attributes of {}", shown_path(&cli.model)))?;
    let attributes = attributes.as_ref();
    let question = Question {
        class: cli.class.as_deref().map(|name| class(&model, name)).transpose()?,
        against: cli.against.as_deref().map(|name| class(&model, name)).transpose()?,
        attribute: cli.attribute.as_deref().map(|name| attribute(attributes, name)).transpose()?,
    };
    let inputs = Gathered::new(&cli.images)?;
    for left_out in &inputs.left_out {
        eprintln!("left out: {left_out}");
    }
    let single = inputs.files.len() == 1 && !cli.images[0].is_dir();
    let files = &inputs.files[..inputs.files.len().min(sheet::MAX_PICTURES)];
    let mut found = Vec::new();
    for file in files {
        output::refuse_inputs(&[&cli.out], &[file])?;
        let picture = match pictures::read(file) {
            Ok(picture) => picture,
            Err(fault) if single => bail!("{} {fault}", shown_path(file)),
            Err(fault) => {
                eprintln!("left out: {} {fault}", shown_path(file));
                continue;
            }
        };
        let explanation = Explanation::make((&model, attributes), file, &picture, question)?;
        line(out, &explanation)?;
        found.push(explanation);
    }
    ensure!(!found.is_empty(), "none of the {} files is a picture", files.len());
    if files.len() < inputs.files.len() {
        eprintln!("shows the first {} of {} pictures", files.len(), inputs.files.len());
    }
    let png = match found.as_slice() {
        [one] if single => page::png(one)?,
        many => sheet::png(many)?,
    };
    output::write(&cli.out, &png)?;
    eprintln!("wrote {}", shown_path(&cli.out));
    Ok(())
}

/// The class of that name, or with that number.
fn class(model: &Model<'_>, name: &str) -> Result<usize> {
    let classes = model.config().classes();
    let named = (0..classes).find(|&class| model.class_name(class) == Some(name));
    let numbered = || name.parse().ok().filter(|&class: &usize| class < classes);
    named.or_else(numbered).ok_or_else(|| {
        let names: Vec<_> = (0..classes).filter_map(|class| model.class_name(class)).collect();
        anyhow!(
            "no class {name:?}; the {classes} classes, numbered from 0, are {}",
            names.join(", ")
        )
    })
}

/// The attribute of that name, or with that number.
fn attribute(attributes: Option<&Attributes<'_>>, name: &str) -> Result<usize> {
    let attributes =
        attributes.context("the blob has no attributes: write it with `export --heads all`")?;
    let count = attributes.len();
    let named = (0..count).find(|&index| attributes.name(index) == Some(name));
    let numbered = || name.parse().ok().filter(|&index: &usize| index < count);
    named.or_else(numbered).ok_or_else(|| {
        let names: Vec<_> = (0..count).filter_map(|index| attributes.name(index)).collect();
        anyhow!("no attribute {name:?}; there are {count}, from 0 on: {}", names.join(", "))
    })
}

/// One line about a picture.
fn line(out: &mut impl Write, found: &Explanation) -> Result<()> {
    let best = &found.classes[0];
    write!(out, "{}: {} {:.1} %", found.file, best.name, 100.0 * best.share)?;
    for object in &found.objects {
        let area = object.area;
        write!(
            out,
            "; {} x {} pixels at {}, {} with {:.0} % of the evidence",
            area.width,
            area.height,
            area.x,
            area.y,
            100.0 * drawn::share(object.evidence_share)
        )?;
    }
    let there: Vec<&str> = found
        .attributes
        .iter()
        .filter(|attribute| attribute.share > 0.5)
        .map(|attribute| attribute.name.as_str())
        .collect();
    if !found.attributes.is_empty() {
        let there = if there.is_empty() { "none".into() } else { there.join(", ") };
        write!(out, "; attributes: {there}")?;
    }
    Ok(writeln!(out)?)
}

#[cfg(test)]
mod tests;
