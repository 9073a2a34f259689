//! The pictures that a user names: files, and those in folders.

use anyhow::{Context, Result, ensure};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::listing::{Listing, Reason, looks_like_picture};
use crate::shown::shown_path;

/// Files in the order of the arguments. Those of a folder are in the order of their names, before those of
/// the folders in it.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The pictures.
    pub files: Vec<PathBuf>,
    /// Files and broken links in folders that are not pictures, as they are printed.
    pub left_out: Vec<String>,
    entered: HashSet<PathBuf>,
}

impl Gathered {
    /// Looks into folders and the folders in them. In folders a file needs the name of a picture.
    ///
    /// # Errors
    /// If a folder cannot be read, or if there is no picture.
    pub fn new(paths: &[PathBuf]) -> Result<Self> {
        let mut gathered = Self::default();
        for path in paths {
            if path.is_dir() {
                gathered.enter(path)?;
            } else {
                gathered.files.push(path.clone());
            }
        }
        ensure!(!gathered.files.is_empty(), "there are no pictures in {}", shown_path(&paths[0]));
        Ok(gathered)
    }

    fn enter(&mut self, dir: &Path) -> Result<()> {
        let context = || format!("cannot read {}", shown_path(dir));
        // A link may lead back to a folder above.
        if !self.entered.insert(dir.canonicalize().with_context(context)?) {
            return Ok(());
        }
        let listing = Listing::read(dir).with_context(context)?;
        let (pictures, others): (Vec<_>, Vec<_>) =
            listing.files.into_iter().partition(|path| looks_like_picture(path));
        self.files.extend(pictures);
        self.left_out.extend(others.iter().map(|path| shown_path(path)));
        for entry in listing.left_out {
            if let Reason::BrokenLink { target } = entry.reason {
                let link = shown_path(&entry.path);
                self.left_out.push(format!("{link}, a link to {}", shown_path(&target)));
            }
        }
        listing.folders.iter().try_for_each(|folder| self.enter(folder))
    }
}
