//! `trainer images`: test images as pictures, to try a network on.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::dataset;
use crate::data::Dataset;
use crate::data::download::DownloadArgs;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ImagesArgs {
    /// Directory to write the pictures to; made if it is not there.
    out: PathBuf,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: usize,
    /// Directory with the binary version of CIFAR-10, instead of the embedded images.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    images: DownloadArgs,
}

impl ImagesArgs {
    pub(super) fn run(self) -> Result<()> {
        let Dataset { test, classes, .. } = dataset(self.data.as_deref(), &self.images)?;
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot make {}", self.out.display()))?;
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
