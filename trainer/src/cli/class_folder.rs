//! Outputs never go into a folder whose pictures are read: they would replace pictures, or become some.

use std::path::Path;

use anyhow::{Result, ensure};
use pictures::{Listing, looks_like_picture, shown_path};

/// Refuses outputs in a folder of pictures below `data`. Output of our own programs is no such folder.
///
/// # Errors
/// If an output is in one. The message names the folder.
pub(super) fn refuse_outputs(data: &Path, outputs: &[&Path]) -> Result<()> {
    let Ok(data) = data.canonicalize() else { return Ok(()) };
    for file in outputs {
        let folder = output::directory_of(file);
        let Ok(place) = folder.canonicalize() else { continue };
        ensure!(
            place == data || !place.starts_with(&data) || !is_class(&place),
            "{} is a folder of the pictures in {}: write elsewhere",
            shown_path(folder),
            shown_path(&data)
        );
    }
    Ok(())
}

/// Whether the trainer would read pictures from this folder.
fn is_class(folder: &Path) -> bool {
    let Some(Ok(above)) = folder.parent().map(Listing::read) else { return false };
    let is_used = above.folders.iter().any(|other| other.file_name() == folder.file_name());
    let has_pictures = |listing: Listing| listing.files.iter().any(|file| looks_like_picture(file));
    is_used && Listing::read(folder).is_ok_and(has_pictures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_pictures_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for file in ["data/cat/a.png", "data/train/dog/b.jpg", "data/notes/c.txt", "other/d.png"] {
            std::fs::create_dir_all(path(file).parent().unwrap()).unwrap();
            std::fs::write(path(file), "bytes").unwrap();
        }
        std::fs::create_dir_all(path("data/run")).unwrap();
        for file in ["config.json", "metrics.csv", "mistakes.png"] {
            std::fs::write(path("data/run").join(file), "ours").unwrap();
        }
        let refused = |output: &str| {
            refuse_outputs(&path("data"), &[&path("new/e.png"), &path(output)]).is_err()
        };
        for output in ["data/cat/a.png", "data/cat/best.mpk", "data/train/dog/mistakes.png"] {
            assert!(refused(output), "{output}");
        }
        for output in
            ["data/best.mpk", "data/run/best.mpk", "data/none/x", "data/notes/x", "other/d.png"]
        {
            assert!(!refused(output), "{output}");
        }
    }
}
