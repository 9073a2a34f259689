//! Mistakes in a directory of pictures, and files that are left out.

use serde::Serialize;

/// A mistake, or something that may be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was found, and what to do.
    pub message: String,
    /// The files concerned; copies of one picture are one entry.
    pub files: Vec<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Training refuses the directory, or its accuracy would be wrong.
    Problem,
    /// Training works, but the network may be worse.
    Warning,
    /// Nothing is wrong, but not everything is used.
    Note,
}

impl Finding {
    /// A finding, if it is about any file.
    pub(super) fn about(severity: Severity, message: &str, files: Vec<String>) -> Option<Self> {
        let message = format!("{message}: {}", files.len());
        (!files.is_empty()).then_some(Self { severity, message, files })
    }

    /// A finding about files that cannot be read as pictures, if there are any.
    pub(super) fn unusable(files: Vec<String>) -> Option<Self> {
        Self::about(Severity::Warning, "files that cannot be used and are left out", files)
    }

    /// The finding in lines, with at most `named` of its files.
    pub(crate) fn lines(&self, named: usize) -> Vec<String> {
        let severity = match self.severity {
            Severity::Problem => "problem",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let mut lines = vec![format!("{severity}: {}", self.message)];
        lines.extend(self.files.iter().take(named).map(|file| format!("    {file}")));
        if let Some(more) = self.files.len().checked_sub(named + 1) {
            lines.push(format!("    and {} more", more + 1));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_up_to_a_number() {
        assert_eq!(Finding::about(Severity::Note, "left out", Vec::new()), None, "no file");
        let files = ["a", "b", "c"].map(String::from).to_vec();
        let found = Finding::about(Severity::Warning, "left out", files).unwrap();
        assert_eq!(found.lines(3), ["warning: left out: 3", "    a", "    b", "    c"], "all");
        assert_eq!(found.lines(1), ["warning: left out: 3", "    a", "    and 2 more"], "one");
    }
}
