//! Texts and bytes as literals.

use std::fmt::Write;

/// A text as a C string literal, which compilers read in any character set. Bytes outside ASCII become octal
/// escapes: an octal escape ends after three digits, while a hexadecimal one goes on as long as there are digits.
/// `?` is escaped as well, because of trigraphs.
pub(crate) fn c_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => literal.extend(['\\', char::from(byte)]),
            b' '..=b'~' => literal.push(char::from(byte)),
            _ => write!(literal, "\\{byte:03o}").expect("a String takes any text"),
        }
    }
    literal + "\""
}

/// Bytes as the contents of a C array, in lines of 20.
pub(crate) fn c_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 5);
    for line in bytes.chunks(20) {
        text += "   ";
        for byte in line {
            write!(text, " {byte},").expect("a String takes any text");
        }
        text.push('\n');
    }
    text
}

/// A text in TOML: a basic string.
pub(crate) fn toml_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => literal.extend(['\\', letter]),
            control if control.is_control() => {
                write!(literal, "\\u{:04X}", u32::from(control)).expect("a String takes any text");
            }
            _ => literal.push(letter),
        }
    }
    literal + "\""
}

/// A text in CMake: a quoted argument.
pub(crate) fn cmake_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | '$' | '@') {
            literal.push('\\');
        }
        literal.push(letter);
    }
    literal + "\""
}

/// A word of a POSIX shell. It has quotes only if it needs them.
pub fn shell_word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+=:,@%".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_escaped_where_it_must_be() {
        assert_eq!(c_string("cat"), "\"cat\"", "plain");
        assert_eq!(c_string("a\"b\\c??/\n"), r#""a\"b\\c\?\?/\012""#, "signs");
        assert_eq!(c_string("é1"), r#""\303\2511""#, "a digit after an escape");
        assert_eq!(toml_string("C:\\a\"b\n"), r#""C:\\a\"b\u000A""#, "TOML");
        assert_eq!(cmake_string("/a b/$x\"@"), r#""/a b/\$x\"\@""#, "CMake");
        assert_eq!(shell_word("/a/b-1.2"), "/a/b-1.2", "plain");
        assert_eq!(shell_word("it's"), r"'it'\''s'", "a quote");
        assert_eq!(shell_word(""), "''", "empty");
    }

    #[test]
    fn bytes_are_lines_of_numbers() {
        assert_eq!(c_bytes(&[0, 255]), "    0, 255,\n", "one line");
        assert_eq!(c_bytes(&[7; 21]).lines().count(), 2, "two lines");
    }
}
