//! `trainer half`: a checkpoint in half precision.

use std::path::PathBuf;

use anyhow::Result;
use burn_flex::Flex;
use clap::Args;

use crate::checkpoint::{self, Precision};
use output::{self, Replaces};

#[derive(Debug, Args)]
pub(super) struct HalfArgs {
    /// Checkpoint that `trainer` has written.
    checkpoint: PathBuf,
    /// Checkpoint to write. Every command reads it like a checkpoint in full precision.
    out: PathBuf,
    /// Replace the file if it exists.
    #[arg(long)]
    overwrite: bool,
}

impl HalfArgs {
    pub(super) fn run(self) -> Result<()> {
        output::refuse_inputs(&[&self.out], &[&self.checkpoint])?;
        output::check(&self.out, Replaces::if_told(self.overwrite))?;
        let checkpoint = checkpoint::load::<Flex>(&self.checkpoint, &Default::default())?;
        checkpoint::save_as(&self.out, &checkpoint, Precision::Half)
    }
}
