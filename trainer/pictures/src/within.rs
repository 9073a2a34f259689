//! Names of files that an index gives.

use std::path::{Component, Path, PathBuf};

/// The path of a file in a folder. `None` if the name leads out of the folder: names come with an index, and an index
/// may come from anywhere.
pub fn within(folder: &Path, name: &str) -> Option<PathBuf> {
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_no_other_folder() {
        let folder = Path::new("known");
        assert_eq!(within(folder, "cat/1.png"), Some(folder.join("cat/1.png")), "a picture");
        for name in ["../secret", "/etc/passwd", "cat/../../secret", "./1.png"] {
            assert_eq!(within(folder, name), None, "{name}");
        }
    }
}
