//! The file with a network: reading and parsing, with errors that say what to do.

use anyhow::{Result, anyhow};
use pictures::{shown, shown_path};
use runtime::{FormatError, Model, Ranked};
use std::path::Path;

/// The bytes of a blob.
///
/// # Errors
/// If the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let path = shown_path(path);
        anyhow!("{path}: {error}; `cargo run -p export -- best.mpk model.bin` writes a blob")
    })
}

/// The network in a blob.
///
/// # Errors
/// If the runtime refuses the blob, or if it is not int8.
pub fn parse<'a>(path: &Path, blob: &'a [u8]) -> Result<Model<'a>> {
    Model::parse(blob).map_err(|error| anyhow!("{}: {error}; {}", shown_path(path), remedy(&error)))
}

/// What to do about a blob that the runtime refuses.
fn remedy(error: &FormatError) -> &'static str {
    match error {
        FormatError::Magic { .. } => {
            "give the blob first, then the picture; \
             `cargo run -p export -- best.mpk model.bin` writes a blob"
        }
        FormatError::Version { .. } => "use a newer version of this program",
        FormatError::Arithmetic { .. } => "export an int8 blob",
        _ => "copy it again, or export it again",
    }
}

/// The name of a class, or its number, safe to print.
pub fn class_name(model: &Model<'_>, ranked: &Ranked) -> String {
    let name = model.class_name(ranked.class);
    name.map_or_else(|| format!("class {}", ranked.class), |name| shown(name).into_owned())
}

/// The class's probability, 0 to 1.
pub fn share(ranked: &Ranked) -> f64 {
    f64::from(ranked.probability) / 65_536.0
}
