//! `trainer images`: test images as pictures, to try a network on.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::data::DataArgs;
use crate::data::{CIFAR10_SIZE, Dataset};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ImagesArgs {
    /// Directory to write the pictures to; it is created if necessary.
    out: PathBuf,
    /// Number of images.
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: usize,
    #[command(flatten)]
    data: DataArgs,
}

impl ImagesArgs {
    pub(super) fn run(self) -> Result<()> {
        let Dataset { test, classes, .. } = self.data.dataset(CIFAR10_SIZE)?;
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot create {}", self.out.display()))?;
        let count = self.count.min(test.len());
        for index in 0..count {
            let class = &classes[usize::from(test.label(index))];
            let path = self.out.join(format!("{index:04}_{class}.png"));
            output::write(&path, &test.png(index)?)?;
        }
        println!("wrote the first {count} test images to {}", self.out.display());
        Ok(())
    }
}
