//! Why a file is not a picture that can be used.

use std::fmt;

/// The fault of a file and what to do, for a message that begins with the name of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(String);

impl Fault {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The file ends before the picture does.
    pub(crate) fn cut_short() -> Self {
        Self::new("is cut short: the file ends before the picture does; copy it again")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}
