//! `trainer summary`: the layers of a network.

use anyhow::Result;
use clap::Args;
use runtime::config::Preset;

use super::presets;
use crate::summary::Summary;

/// Classes of CIFAR-10.
const CLASSES: u16 = 10;

#[derive(Debug, Args)]
pub(super) struct SummaryArgs {
    /// Network to describe.
    #[arg(long, default_value = "micro", value_parser = presets())]
    preset: Preset,
    /// Print a JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl SummaryArgs {
    pub(super) fn run(self) -> Result<()> {
        let summary = Summary::new(&self.preset.config(CLASSES)?);
        if self.json {
            println!("{}", serde_json::to_string(&summary)?);
        } else {
            print!("{}", summary.table());
        }
        Ok(())
    }
}
