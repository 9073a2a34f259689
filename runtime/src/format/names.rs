//! Names, one in each line.

/// Names of classes, attributes, labels or images; there may be none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a>(&'a str);

impl<'a> Names<'a> {
    /// The names in `lines`, which are separated by newlines; no names if it is empty.
    pub(crate) const fn new(lines: &'a str) -> Self {
        Self(lines)
    }

    /// Number of names.
    pub(crate) fn count(self) -> usize {
        if self.0.is_empty() { 0 } else { self.lines().count() }
    }

    /// Whether a name is empty.
    pub(crate) fn has_empty(self) -> bool {
        self.lines().any(<[u8]>::is_empty)
    }

    /// A name; `None` if it is empty or there is no such name.
    pub(crate) fn get(self, index: usize) -> Option<&'a str> {
        let name = core::str::from_utf8(self.lines().nth(index)?).ok()?;
        (!name.is_empty()).then_some(name)
    }

    /// Each line. Not by `str::split`, which contains an index that can panic.
    fn lines(self) -> impl Iterator<Item = &'a [u8]> {
        self.0.as_bytes().split(|&byte| byte == b'\n')
    }
}
