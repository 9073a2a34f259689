//! Prints the public items of a library, one in each line: `api RUSTDOC.json`.
//!
//! Items under `#[doc(hidden)]` are not in the JSON. The program leaves out implementations that the
//! compiler finds by itself (`Send`), that cover every type (`From`), or that are derived (`Clone`).

use std::env;

use anyhow::{Context, Result};
use public_api::Builder;

fn main() -> Result<()> {
    let json = env::args_os().nth(1).context("usage: api RUSTDOC.json")?;
    let items = Builder::from_rustdoc_json(json)
        .omit_auto_derived_impls(true)
        .omit_auto_trait_impls(true)
        .omit_blanket_impls(true)
        .build()?;
    print!("{items}");
    Ok(())
}
