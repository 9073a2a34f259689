//! Names of classes in drawings.

use pictures::shown;

/// A name of at most `letters` letters, without characters that a drawing cannot hold.
pub(super) fn shortened(name: &str, letters: usize) -> String {
    let name = shown(name);
    if name.chars().count() <= letters {
        return name.into_owned();
    }
    name.chars().take(letters - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(shortened("water lily", 10), "water lily", "it fits");
        assert_eq!(shortened("water lily", 6), "water…", "cut");
        assert_eq!(shortened("a\u{7}b", 9), "a\\u{7}b", "no control character");
    }
}
