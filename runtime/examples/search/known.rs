//! The pictures that were found.

use crate::answer::Answer;
use anyhow::{Result, bail, ensure};
use image::RgbImage;
use pictures::{centre, shown_path, within};
use std::path::Path;

/// The pictures that were found, in the size of the network's input; `None` stands for a picture that cannot be
/// read, and a message names it. `dir` is the folder that was indexed. `out` must not be one of the pictures.
pub(super) fn read(dir: &Path, answer: &Answer<'_>, out: &Path) -> Result<Vec<Option<RgbImage>>> {
    ensure!(dir.is_dir(), "{} is not a folder: give the one that was indexed", shown_path(dir));
    if answer.found.iter().all(|found| found.name.is_none()) {
        bail!(
            "the index has no names of files: leave out --pictures, or index a folder of pictures"
        );
    }
    let size = answer.picture.dimensions();
    let mut known = Vec::new();
    for found in &answer.found {
        let picture = match found.name {
            None => Err("has no name in the index".to_owned()),
            Some(name) => match within(dir, name) {
                None => Err("is not a name within a folder".to_owned()),
                Some(path) => {
                    output::refuse_inputs(&[out], &[&path])?;
                    pictures::read(&path).map_err(|fault| fault.to_string())
                }
            },
        };
        if let Err(fault) = &picture {
            eprintln!("left out: {} {fault}", found.file());
        }
        known.push(picture.ok().and_then(|picture| {
            let input = centre(&picture, size);
            RgbImage::from_raw(size.0, size.1, input)
        }));
    }
    ensure!(
        known.iter().any(Option::is_some),
        "{} has none of the pictures that were found: give the folder that was indexed",
        shown_path(dir)
    );
    Ok(known)
}
