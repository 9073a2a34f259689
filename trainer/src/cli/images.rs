//! `trainer images`: test images as pictures, to try a network on.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::data::DataArgs;
use crate::data::{Dataset, Reading};
use crate::output;
use crate::report::csv;

#[derive(Debug, Args)]
pub(super) struct ImagesArgs {
    /// Directory to write the pictures to, and images.csv with their classes and files; it is created if
    /// necessary.
    out: PathBuf,
    /// Number of images.
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: usize,
    #[command(flatten)]
    data: DataArgs,
}

impl ImagesArgs {
    pub(super) fn run(self) -> Result<()> {
        let Dataset { test, classes, .. } = self.data.dataset(Reading::default())?;
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot create {}", self.out.display()))?;
        let count = self.count.min(test.len());
        let mut table = "picture,class,file\n".to_owned();
        for index in 0..count {
            let class = &classes[usize::from(test.label(index))];
            let picture = format!("{index:04}_{class}.png");
            output::write(&self.out.join(&picture), &test.png(index)?)?;
            let fields =
                [&picture, class.as_str(), test.name(index).unwrap_or_default()].map(csv::field);
            table += &(fields.join(",") + "\n");
        }
        // By this file the directory is known as our own output, and never becomes a class.
        output::write(&self.out.join("images.csv"), table.as_bytes())?;
        println!("wrote the first {count} test images to {}", self.out.display());
        Ok(())
    }
}
