//! `ocelli.h`, made from the sources of `runtime/c`.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// The folder of the library.
fn library() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../runtime/c"))
}

fn file() -> PathBuf {
    library().join("include/ocelli.h")
}

/// The text that the sources give.
fn text() -> Result<String> {
    let config = cbindgen::Config::from_file(library().join("cbindgen.toml"))
        .map_err(anyhow::Error::msg)
        .context("cbindgen.toml")?;
    let mut bytes = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_crate(library())
        .generate()
        .context("the sources of runtime/c")?
        .write(&mut bytes);
    Ok(String::from_utf8(bytes)?)
}

/// Writes the header.
pub fn renew() -> Result<()> {
    std::fs::write(file(), text()?).with_context(|| file().display().to_string())
}

/// Fails if the header is not what the sources give.
pub fn check() -> Result<()> {
    let found = std::fs::read_to_string(file()).with_context(|| file().display().to_string())?;
    if found != text()? {
        bail!("{} is not what the sources give: tests/c/run --renew", file().display());
    }
    Ok(())
}
