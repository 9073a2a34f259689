//! `trainer summary`: the layers of a network.

use anyhow::Result;
use clap::Args;
use runtime::config::Preset;

use super::preset::{network, presets};
use super::size::SizeArgs;
use crate::say;
use crate::summary::Summary;

/// Classes of CIFAR-10.
const CLASSES: usize = 10;

#[derive(Debug, Args)]
pub(super) struct SummaryArgs {
    /// Name of the network.
    #[arg(long, default_value = "micro", value_parser = presets())]
    preset: Preset,
    #[command(flatten)]
    size: SizeArgs,
    /// Print a JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl SummaryArgs {
    pub(super) fn run(self) -> Result<()> {
        let summary = Summary::new(&network(self.preset, CLASSES, self.size.image_size)?);
        if self.json {
            say!("{}", serde_json::to_string(&summary)?)
        } else {
            say::print(format_args!("{}", summary.table()))
        }
    }
}
