//! Names of files and classes in messages, pages and drawings.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// `text` with escapes, such as `\n` or `\u{1b}`, in place of characters that control a terminal, break a
/// line, or change the direction of writing.
///
/// XML forbids most control characters even as entities, so that drawings need this as well.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if steers(letter) {
            write!(safe, "{}", letter.escape_default()).expect("a String takes any text");
        } else {
            safe.push(letter);
        }
    }
    Cow::Owned(safe)
}

/// A path as [`shown`]; what is not Unicode becomes `U+FFFD`.
pub fn shown_path(path: &Path) -> String {
    shown(&path.to_string_lossy()).into_owned()
}

/// Control characters, line separators, and the marks that embed or override the direction of writing.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(letter, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(shown("a\u{1b}[31mb\nc\u{202e}"), "a\\u{1b}[31mb\\nc\\u{202e}", "escapes");
        assert!(matches!(shown("Käse 猫 ✓"), Cow::Borrowed(_)), "ordinary letters stay");
        assert_eq!(shown_path(Path::new("a/b\tc.png")), "a/b\\tc.png", "a path");
    }
}
