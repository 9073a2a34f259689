//! `trainer half`: a checkpoint in half precision.

use std::path::PathBuf;

use anyhow::Result;
use burn_flex::Flex;
use clap::Args;

use crate::checkpoint::{self, Precision};

#[derive(Debug, Args)]
pub(super) struct HalfArgs {
    /// Checkpoint that `trainer` has written.
    checkpoint: PathBuf,
    /// Checkpoint to write. Every command reads it like a checkpoint in full precision.
    out: PathBuf,
}

impl HalfArgs {
    pub(super) fn run(self) -> Result<()> {
        let checkpoint = checkpoint::load::<Flex>(&self.checkpoint, &Default::default())?;
        checkpoint::save_as(&self.out, &checkpoint, Precision::Half)
    }
}
