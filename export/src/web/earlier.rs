//! The page that is in a directory already.

use super::files::names;
use super::settings::{GENERATOR, SETTINGS_FILE, sum};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The files of an earlier page that nobody has changed since. They may be replaced.
#[derive(Clone, Debug, Default)]
pub struct Earlier(Vec<String>);

impl Earlier {
    /// The page in a directory; none if there is no page.
    pub fn in_directory(directory: &Path) -> Self {
        let Some(sums) = sums(directory) else { return Self::default() };
        let unchanged = |(name, expected): &(String, String)| {
            std::fs::read(directory.join(name)).is_ok_and(|bytes| sum(&bytes) == *expected)
        };
        let files = sums.into_iter().filter(unchanged).map(|(name, _)| name);
        Self(files.chain([SETTINGS_FILE.to_owned()]).collect())
    }

    /// Whether a file is one of them.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|file| file == name)
    }
}

/// The names of an earlier page's files with their sums. A name that leads elsewhere is no file of a page.
fn sums(directory: &Path) -> Option<BTreeMap<String, String>> {
    let settings = std::fs::read(directory.join(SETTINGS_FILE)).ok()?;
    let settings: Value = serde_json::from_slice(&settings).ok()?;
    if settings.get("generator")?.as_str()? != GENERATOR {
        return None;
    }
    let files = settings.get("files")?.as_object()?;
    let names = names();
    let own = files.iter().filter(|(name, _)| names.contains(&name.as_str()));
    Some(own.filter_map(|(name, sum)| Some((name.clone(), sum.as_str()?.to_owned()))).collect())
}
