//! What `export firmware` and `export package` have in common: the example, the source, and the written directory.

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use export::blob::AnyModel;
use image::RgbImage;
use output::Replaces;
use pictures::shown_path;
use projects::{Files, Network, Source};
use runtime::Model;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use trainer::data;

/// Options of projects.
#[derive(Debug, Args)]
pub(super) struct ProjectArgs {
    /// Picture that the project classifies; its centre is resized. By default a picture of a cat.
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Copy the source of the runtime into the project. Without it, the project finds the source where it is now.
    #[arg(long)]
    vendor: bool,
    /// Directory of the source of Ocelli. By default the one that this program was built from.
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// Replace files of the same names in a directory that is not empty. Other files stay.
    #[arg(long)]
    overwrite: bool,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    pub(super) json: bool,
}

impl ProjectArgs {
    /// The network of a blob, with the example.
    pub(super) fn network<'a>(&self, blob: &'a [u8], model: &Model<'_>) -> Result<Network<'a>> {
        let size = model.config().image();
        let side = |pixels: usize| u32::try_from(pixels).context("a large image");
        let picture = match &self.image {
            None => cat()?,
            Some(path) => {
                pictures::read(path).map_err(|fault| anyhow!("{} {fault}", shown_path(path)))?
            }
        };
        let pixels = pictures::centre(&picture, (side(size.width)?, side(size.height)?));
        Network::new(blob, model, pixels)
    }

    /// Where the project finds the runtime.
    pub(super) fn source(&self) -> Result<Source> {
        Source::new(self.source.as_deref(), self.vendor)
    }

    /// Writes the files, which must not replace one of `inputs`.
    pub(super) fn write(&self, directory: &Path, files: &Files, inputs: &[&Path]) -> Result<()> {
        let paths: Vec<&str> = files.iter().map(|(path, _)| path).collect();
        let places: Vec<PathBuf> = paths.iter().map(|path| directory.join(path)).collect();
        let places: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
        let inputs: Vec<&Path> = inputs.iter().copied().chain(self.image.as_deref()).collect();
        output::refuse_inputs(&places, &inputs)?;
        output::check_new_directory(directory, &paths, Replaces::if_told(self.overwrite))?;
        output::write_directory(directory, files.iter())
    }
}

/// The first built-in test image.
fn cat() -> Result<RgbImage> {
    let images = data::embedded()?.test;
    let [width, height] = [images.width(), images.height()].map(u32::try_from);
    RgbImage::from_raw(width?, height?, images.image(0).to_vec()).context("a built-in image")
}

/// The int8 network in the bytes of a file.
pub(super) fn int8<'a>(path: &Path, bytes: &'a [u8]) -> Result<Model<'a>> {
    match super::files::parse(path, bytes)? {
        AnyModel::Int8(model) => Ok(model),
        AnyModel::F16(_) => {
            bail!("{} is an f16 blob; export it as int8", path.display())
        }
    }
}

/// A directory as the commands that are printed name it.
pub(super) fn name_of(directory: &Path) -> Result<&str> {
    let name = directory.to_str();
    let name = name.with_context(|| format!("the path {} is not text", directory.display()))?;
    ensure!(!name.is_empty(), "the name of the directory is empty");
    Ok(name)
}

/// What is printed about a written project with `--json`.
pub(super) fn object(
    directory: &Path,
    files: &Files,
    source: &Source,
    expected: &[String],
    commands: &[String],
) -> Value {
    json!({
        "directory": directory,
        "files": files.iter().map(|(path, _)| path).collect::<Vec<_>>(),
        "runtime": source.path(),
        "vendored": source.is_copied(),
        "expected": expected,
        "commands": commands,
    })
}

/// The lines about a written project.
pub(super) fn print(
    directory: &Path,
    files: &Files,
    source: &Source,
    expected: &[String],
    commands: &[String],
) -> Result<()> {
    use trainer::say;
    let runtime = if source.is_copied() { "copied into the project as" } else { "used from" };
    say!("wrote {} files to {}", files.iter().count(), directory.display())?;
    say!("runtime {runtime} {}", source.path())?;
    say!("\nto build and run it:\n")?;
    for command in commands {
        say!("  {command}")?;
    }
    say!("\nit prints:\n")?;
    for line in expected {
        say!("  {line}")?;
    }
    Ok(())
}
