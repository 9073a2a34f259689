//! `trainer summary`: the layers of a network.

use anyhow::Result;
use clap::Args;

use super::preset::{PresetArgs, network};
use crate::say;
use crate::summary::Summary;

/// Classes of CIFAR-10.
const CLASSES: usize = 10;

#[derive(Debug, Args)]
pub(super) struct SummaryArgs {
    #[command(flatten)]
    network: PresetArgs,
    /// Print a JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl SummaryArgs {
    pub(super) fn run(self) -> Result<()> {
        let summary = Summary::new(&network(self.network.preset, CLASSES)?);
        if self.json {
            say!("{}", serde_json::to_string(&summary)?)
        } else {
            say::print(format_args!("{}", summary.table()))
        }
    }
}
