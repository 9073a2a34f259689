//! `export inspect model.bin`: the contents of a blob.

use super::files::{parse, read};
use anyhow::Result;
use clap::Args;
use export::blob::Inspection;
use std::path::PathBuf;
use trainer::say;

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// Blob to read.
    blob: PathBuf,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl InspectArgs {
    pub(super) fn run(&self) -> Result<()> {
        let bytes = read(&self.blob)?;
        let inspection = Inspection::new(&parse(&self.blob, &bytes)?, &bytes);
        if self.json {
            say!("{}", serde_json::to_string(&inspection)?)
        } else {
            say::print(format_args!("{}", inspection.table()))
        }
    }
}
