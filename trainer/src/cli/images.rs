//! `trainer images`: test images as pictures, to try a network on.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use pictures::{IMAGE_LIST, IMAGE_LIST_HEADER};

use super::data::DataArgs;
use crate::data::{Dataset, Reading};
use crate::report::csv;
use crate::say;
use output::{self, Replaces};

fn is_list(start: &[u8]) -> bool {
    start.starts_with(IMAGE_LIST_HEADER.as_bytes())
}

#[derive(Debug, Args)]
pub(super) struct ImagesArgs {
    /// Directory to write the pictures to, and images.csv with their classes and files; it is created if
    /// necessary.
    out: PathBuf,
    /// Replace files that exist.
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
        let Dataset { test, classes, .. } = self.data.dataset(Reading::default())?;
        let count = self.count.min(test.len());
        let mut files = Vec::with_capacity(count + 1);
        let mut table = IMAGE_LIST_HEADER.to_owned();
        for index in 0..count {
            let class = &classes[usize::from(test.label(index))];
            let picture = format!("{index:04}_{class}.png");
            let fields =
                [&picture, class.as_str(), test.name(index).unwrap_or_default()].map(csv::field);
            table += &(fields.join(",") + "\n");
            files.push((picture, test.png(index)?));
        }
        // This file marks the directory as output, so that it never becomes a class.
        files.push((IMAGE_LIST.to_owned(), table.into_bytes()));
        // The same command twice has nothing to replace.
        files.retain(|(name, bytes)| {
            std::fs::read(self.out.join(name)).ok().as_ref() != Some(bytes)
        });
        let pictures =
            files.iter().map(|(name, _)| name.as_str()).filter(|name| *name != IMAGE_LIST);
        let names: Vec<_> = pictures.collect();
        let list = Replaces::Kind { name: "a list of this command", is: is_list };
        let list = if self.overwrite { Replaces::Anything } else { list };
        self.data.refuse_outputs(&[&self.out.join(IMAGE_LIST)])?;
        output::check_directory(&self.out, &[IMAGE_LIST], list)?;
        output::check_directory(&self.out, &names, Replaces::if_told(self.overwrite))?;
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot create {}", self.out.display()))?;
        for (name, bytes) in &files {
            output::write(&self.out.join(name), bytes)?;
        }
        say!("wrote the first {count} test images to {}", self.out.display())
    }
}
