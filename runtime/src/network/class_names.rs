//! The names of the classes, one in each line.

/// Names of classes; there may be none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassNames<'a>(&'a str);

impl<'a> ClassNames<'a> {
    /// The names in `lines`, which are separated by newlines; no names if it is empty.
    pub(super) const fn new(lines: &'a str) -> Self {
        Self(lines)
    }

    /// Number of names.
    pub(super) fn count(self) -> usize {
        if self.0.is_empty() { 0 } else { self.lines().count() }
    }

    /// Name of a class; `None` if there are no names or no such class.
    pub(crate) fn get(self, class: usize) -> Option<&'a str> {
        let name = core::str::from_utf8(self.lines().nth(class)?).ok()?;
        (!name.is_empty()).then_some(name)
    }

    /// Each line. Not by `str::split`, which contains an index that can panic.
    fn lines(self) -> impl Iterator<Item = &'a [u8]> {
        self.0.as_bytes().split(|&byte| byte == b'\n')
    }
}
