//! A page about a blob: its parameters and memory, how closely its integers follow the float network, and
//! the classes and images that quantization changes.

mod arena;
mod charts;
mod contents;
mod mistakes;
mod page;
mod pictures;

pub use contents::{Classified, Report};

use anyhow::{Context, Result};
use std::path::Path;

/// The page, in the directory of a report.
pub const PAGE_FILE: &str = "index.html";

/// Whether a file that begins with these bytes is the page of a report.
pub fn is_page(start: &[u8]) -> bool {
    String::from_utf8_lossy(start).contains(::pictures::PAGE_GENERATOR)
}

/// Writes `index.html`, which needs no other file, into a directory. The directory is made if it is
/// missing.
///
/// # Errors
/// If the networks do not run on the images, or the page cannot be written.
pub fn write(report: &Report<'_, '_>, directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let page = page::page(report)?;
    output::write(&directory.join(PAGE_FILE), page.into_string().as_bytes())
}
