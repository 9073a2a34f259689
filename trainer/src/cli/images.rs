//! `trainer images`: test images as pictures, to try a network on.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::data::DataArgs;
use crate::data::Dataset;
use crate::output::{self, Replaces};
use crate::say;

#[derive(Debug, Args)]
pub(super) struct ImagesArgs {
    /// Directory to write the pictures to; it is created if necessary.
    out: PathBuf,
    /// Replace files that are there already.
    #[arg(long)]
    overwrite: bool,
    /// Number of images.
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: usize,
    #[command(flatten)]
    data: DataArgs,
}

impl ImagesArgs {
    pub(super) fn run(self) -> Result<()> {
        let Dataset { test, classes, .. } = self.data.dataset()?;
        let count = self.count.min(test.len());
        let mut pictures = Vec::with_capacity(count);
        for index in 0..count {
            let name = format!("{index:04}_{}.png", classes[usize::from(test.label(index))]);
            let png = test.png(index)?;
            // The same command twice has nothing to replace.
            if std::fs::read(self.out.join(&name)).ok().as_ref() != Some(&png) {
                pictures.push((name, png));
            }
        }
        let names: Vec<_> = pictures.iter().map(|(name, _)| name.as_str()).collect();
        output::check_directory(&self.out, &names, Replaces::if_told(self.overwrite))?;
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot create {}", self.out.display()))?;
        for (name, png) in &pictures {
            output::write(&self.out.join(name), png)?;
        }
        say!("wrote the first {count} test images to {}", self.out.display())
    }
}
