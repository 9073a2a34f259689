//! Fields of tables with commas.

/// A field of a table, in quotes if it holds a character that would end it.
pub(crate) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_table_keep_their_commas() {
        let cases = [("cat", "cat"), ("cat, old", "\"cat, old\""), ("a \"b\"", "\"a \"\"b\"\"\"")];
        for (text, expected) in cases {
            assert_eq!(field(text), expected, "{text}");
        }
    }
}
