//! `trainer check`: looks for mistakes in a directory of pictures.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use crate::data::{self, FolderCheck, Severity};
use crate::say;
use crate::summary::grouped;

/// Files of a finding that are listed by name; the rest are only counted.
const NAMED: usize = 10;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Directory with a folder of pictures for each class.
    directory: PathBuf,
    /// Print a JSON object with every file instead of text.
    #[arg(long)]
    json: bool,
}

impl CheckArgs {
    pub(super) fn run(self) -> Result<()> {
        let found = data::with_reading_bar(|progress| data::check(&self.directory, progress))?;
        if self.json {
            say!("{}", serde_json::to_string(&found)?)?;
        } else {
            print(&found)?;
        }
        let problems = found.count(Severity::Problem);
        ensure!(
            problems == 0,
            "{} is not ready for training: problems {problems}, warnings {}",
            self.directory.display(),
            found.count(Severity::Warning)
        );
        Ok(())
    }
}

fn print(found: &FolderCheck) -> Result<()> {
    let names = found.classes.iter().map(|class| class.name.chars().count());
    let width = names.max().unwrap_or(0).max("class".len());
    say!("{:<width$}  pictures  sizes", "class")?;
    for class in &found.classes {
        let sizes = class.sizes.map_or("none".to_owned(), |[smallest, largest]| {
            let text = |(width, height)| format!("{width} x {height}");
            format!("{} to {}", text(smallest), text(largest))
        });
        say!("{:<width$}  {:>8}  {sizes}", class.name, grouped(class.pictures as u64))?;
    }
    let pictures = found.classes.iter().map(|class| class.pictures).sum::<usize>();
    say!("{} pictures in {} classes", grouped(pictures as u64), found.classes.len())?;
    for line in found.findings.iter().flat_map(|finding| finding.lines(NAMED)) {
        say!("{line}")?;
    }
    if found.count(Severity::Problem) + found.count(Severity::Warning) == 0 {
        say!("no problem found")?;
    }
    Ok(())
}
