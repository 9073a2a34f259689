//! What is in the directory of a run before it begins.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use serde_json::Value;

use super::files::{
    CONFIG_FILE, FILES, METRICS_FILE, RESUME_FILE, VALIDATION, is_there, report_files,
};

/// Keys that every `config.json` of a run has had.
const CONFIG_KEYS: [&str; 3] = ["preset", "network", "recipe"];

/// What happens to an earlier run in the directory of a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// It is refused.
    Refuse,
    /// It is moved to `earlier-N`, unless it was interrupted; then it is refused.
    Move,
    /// It is removed.
    Overwrite,
    /// It is continued.
    Resume,
}

/// What the directory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Earlier {
    /// None of the files that a run writes.
    Nothing,
    /// Only the settings of a run, which ended before its first epoch was finished. They are moved to `earlier-N`.
    Begun,
    /// A run that `--resume` can continue. It has finished `done` of `epochs` epochs.
    Interrupted { done: usize, epochs: Option<u64> },
    /// A run that has ended.
    Ended,
    /// Files with the names of the files of a run, without the settings of a run.
    Foreign(Vec<&'static str>),
}

impl Earlier {
    pub(super) fn find(directory: &Path) -> Self {
        let there: Vec<_> = FILES.into_iter().filter(|file| is_there(directory, file)).collect();
        let reported = report_files(directory).iter().any(|file| file.exists());
        if there.is_empty() && !reported {
            return Self::Nothing;
        }
        let Some(config) = config(directory) else {
            let reported = reported.then_some(VALIDATION);
            return Self::Foreign(there.into_iter().chain(reported).collect());
        };
        if there.contains(&RESUME_FILE) {
            let table = fs::read_to_string(directory.join(METRICS_FILE)).unwrap_or_default();
            let done = table.lines().count().saturating_sub(1);
            return Self::Interrupted { done, epochs: config["recipe"]["epochs"].as_u64() };
        }
        if there == [CONFIG_FILE] && !reported { Self::Begun } else { Self::Ended }
    }

    /// # Errors
    /// If a new run must not replace the files in the directory. The message says what to do.
    pub(super) fn allow(&self, directory: &Path, before: Before) -> Result<()> {
        let name = match directory.display().to_string() {
            here if here == "." => "the current directory".to_owned(),
            other => other,
        };
        match (self, before) {
            (Self::Interrupted { .. }, Before::Resume) => Ok(()),
            (_, Before::Resume) => bail!(
                "there is no interrupted run in {name}: leave --resume out, or give its directory \
                 with --out"
            ),
            (Self::Nothing | Self::Begun, _) | (_, Before::Overwrite) => Ok(()),
            (Self::Ended, Before::Move) => Ok(()),
            (Self::Ended, Before::Refuse) => bail!(
                "{name} holds an earlier run: choose another directory with --out, or replace the \
                 run with --overwrite"
            ),
            (Self::Interrupted { done, epochs }, _) => {
                let of = epochs.map_or(String::new(), |epochs| format!(" of {epochs}"));
                bail!(
                    "{name} holds an interrupted run, {done}{of} epochs long: continue it with \
                     --resume and the same options, choose another directory with --out, or replace \
                     the run with --overwrite"
                )
            }
            (Self::Foreign(files), _) => bail!(
                "{name} holds {}, which a run would replace, but no run: choose another directory \
                 with --out, or replace it with --overwrite",
                files.join(", ")
            ),
        }
    }
}

/// The settings of the run in `directory`, if they are those of a run.
fn config(directory: &Path) -> Option<Value> {
    let bytes = fs::read(directory.join(CONFIG_FILE)).ok()?;
    let config = serde_json::from_slice::<Value>(&bytes).ok()?;
    CONFIG_KEYS.iter().all(|key| config.get(key).is_some()).then_some(config)
}
