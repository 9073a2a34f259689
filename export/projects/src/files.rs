//! The files of a project, before they are written.

/// Paths and bytes, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(Vec<(String, Vec<u8>)>);

impl Files {
    /// Adds a file. `path` is relative, with forward slashes.
    pub fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let path = path.into();
        debug_assert!(self.get(&path).is_none(), "{path} is added twice");
        self.0.push((path, bytes.into()));
    }

    /// The bytes of a file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.iter().find(|(found, _)| *found == path).map(|(_, bytes)| bytes)
    }

    /// The files in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }
}

/// A template with its values: each `@NAME@` becomes the value of that name.
///
/// # Panics
/// If the template has a name that is not among `values`, or lacks one of them: both are mistakes in this crate.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut used = vec![false; values.len()];
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('@') {
        text += before;
        let name = after.split_once('@').filter(|(name, _)| is_name(name));
        let Some((name, after)) = name else {
            text.push('@');
            rest = after;
            continue;
        };
        let at = values.iter().position(|(known, _)| *known == name);
        let at = at.unwrap_or_else(|| panic!("a template asks for @{name}@"));
        text += values[at].1;
        used[at] = true;
        rest = after;
    }
    assert!(used.iter().all(|used| *used), "a template does not ask for all of {values:?}");
    text + rest
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_values_and_other_signs_stay() {
        let values = [("NAME", "@B@"), ("B", "b")];
        let filled = fill("a@example.com @NAME@ @B@@B@ @", &values);
        assert_eq!(filled, "a@example.com @B@ bb @", "a value is not a template");
    }

    #[test]
    #[should_panic(expected = "@ABSENT@")]
    fn a_name_without_a_value_is_a_mistake() {
        fill("@ABSENT@", &[]);
    }
}
