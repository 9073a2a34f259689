//! `trainer half`: a record in half precision.

use std::path::PathBuf;

use anyhow::Result;
use burn_flex::Flex;
use clap::Args;

use crate::record::{self, Precision};

#[derive(Debug, Args)]
pub(super) struct HalfArgs {
    /// A record that `trainer` has written.
    record: PathBuf,
    /// The file to write, which every command reads like the other.
    out: PathBuf,
}

impl HalfArgs {
    pub(super) fn run(self) -> Result<()> {
        let checkpoint = record::load::<Flex>(&self.record, &Default::default())?;
        record::save_as(&self.out, &checkpoint, Precision::Half)
    }
}
