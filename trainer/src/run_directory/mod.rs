//! The directory of a run: one run at a time works in it, and no run is lost to the next one.

mod earlier;
mod files;
mod held;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::note;
use earlier::Earlier;
use output::{self, Replaces};

pub(crate) use earlier::Before;
pub(crate) use files::{
    BEST_FILE, CONFIG_FILE, CURVES_FILE, METRICS_FILE, RESUME_FILE, VALIDATION,
};
pub(crate) use held::Held;

/// The directory of a run, which no other run works in until this is dropped.
///
/// [`new`](Self::new) changes nothing of an earlier run, so a run that is refused leaves everything as it
/// was. [`clear`](Self::clear) makes room.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    path: PathBuf,
    before: Before,
    /// `None` as long as the directory is missing.
    held: Option<Held>,
}

impl RunDirectory {
    /// The directory at `path` for a run that reads `inputs`. It is not made yet: it may lie among the
    /// folders of pictures that are about to be read.
    ///
    /// # Errors
    /// If the directory cannot be made or written to, if another run works in it, if it holds files that must
    /// not be replaced, if it holds no run to resume, or if the run would replace an input.
    pub(crate) fn new(path: &Path, before: Before, inputs: &[&Path]) -> Result<Self> {
        let remedy = "choose another directory with --out";
        let all = files::all(path);
        let all: Vec<_> = all.iter().map(PathBuf::as_path).collect();
        output::refuse_inputs(&all, inputs).context(remedy)?;
        for file in &all {
            ensure!(
                !file.is_dir(),
                "{} is a directory, but a run writes a file of this name: {remedy}",
                file.display()
            );
        }
        output::check_directory(path, &[], Replaces::Nothing).context(remedy)?;
        let held = path.is_dir().then(|| Held::take(path)).transpose()?;
        Earlier::find(path).allow(path, before)?;
        let report = path.join(VALIDATION);
        ensure!(
            !report.is_file(),
            "{} is a file, but a run makes a directory of this name: {remedy}",
            report.display()
        );
        Ok(Self { path: path.to_owned(), before, held })
    }

    /// Makes room for a new run, and says what became of the earlier one. A run that is resumed stays.
    ///
    /// # Errors
    /// If another run has come first, or a file cannot be moved or removed.
    pub(crate) fn clear(&mut self) -> Result<()> {
        if self.held.is_none() {
            self.held = Some(Held::take(&self.path)?);
        }
        let earlier = Earlier::find(&self.path);
        earlier.allow(&self.path, self.before)?;
        output::remove_leftovers(&self.path);
        output::remove_leftovers(&self.path.join(VALIDATION));
        match (self.before, earlier) {
            (Before::Resume, _) | (_, Earlier::Nothing) => {}
            (Before::Move, _) | (Before::Refuse, Earlier::Begun) => {
                let to = files::move_away(&self.path)?;
                let to = to.strip_prefix(".").unwrap_or(&to);
                note!("moved the earlier run to {}/", to.display());
            }
            (Before::Overwrite | Before::Refuse, _) => {
                files::remove(&self.path)?;
                note!("removed the earlier run in {}", self.path.display());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
