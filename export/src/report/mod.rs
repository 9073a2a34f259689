//! A page about a blob: where its bytes and its memory go, how its integers follow the float
//! network, which classes and which images suffer.

mod charts;
mod contents;
mod page;
mod pictures;

pub use contents::{Classified, Report};

use anyhow::{Context, Result};
use std::path::Path;

/// Writes `index.html`, which needs no other file, into a directory, which is made if it is missing.
///
/// # Errors
/// If the networks do not run on the images, or the page cannot be written.
pub fn write(report: &Report<'_, '_>, directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let page = page::page(report)?;
    trainer::output::write(&directory.join("index.html"), page.into_string().as_bytes())
}
