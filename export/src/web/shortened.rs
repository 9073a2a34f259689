//! Scripts and styles without what a browser does not need.

use std::borrow::Cow;

/// A file of a page. In scripts, styles and HTML, indentation and empty lines are left out, and comments between `/*` and
/// `*/` or after `//` that have lines of their own. Other files stay as they are, and the types for programmers too.
///
/// It does not read the language. Therefore no text in these files may contain the end of a line, and nothing may follow
/// a comment that begins a line.
pub(super) fn shortened(name: &str, bytes: &'static [u8]) -> Cow<'static, [u8]> {
    let browser_reads = [".js", ".css", ".html"].iter().any(|ending| name.ends_with(ending));
    match std::str::from_utf8(bytes) {
        Ok(text) if browser_reads => without_comments(text).into_bytes().into(),
        _ => bytes.into(),
    }
}

fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.is_empty() && !line.starts_with("//") {
            kept.extend([line, "\n"]);
        }
        in_comment &= !line.ends_with("*/");
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::files::FILES;
    use super::*;

    #[test]
    fn lines_of_comments_and_indentation_are_left_out() {
        let text =
            "// One.\n/** Two. */\nconst a = `//`; // three\n\n/*\n * Four.\n */\n  f(\"/*\");\n";
        assert_eq!(without_comments(text), "const a = `//`; // three\nf(\"/*\");\n");
    }

    /// The condition under which nothing but comments is left out.
    #[test]
    fn texts_end_in_their_line_and_comments_at_the_end_of_a_line() {
        for (name, bytes) in FILES.iter().filter(|(name, bytes)| *shortened(name, bytes) != **bytes)
        {
            let text = std::str::from_utf8(bytes).unwrap();
            for line in text.lines().map(str::trim) {
                assert_eq!(line.matches('`').count() % 2, 0, "{name}: {line}");
                let inside = line.strip_suffix("*/").unwrap_or(line);
                let begins = line.starts_with("/*");
                assert!(!begins || !inside.contains("*/"), "{name}: {line}");
            }
            let lines = || text.lines().map(str::trim);
            let begun = lines().filter(|line| line.starts_with("/*") && !line.ends_with("*/"));
            let ended = lines().filter(|line| line.ends_with("*/") && !line.contains("/*"));
            assert_eq!(begun.count(), ended.count(), "{name}: a comment without an end");
        }
    }

    #[test]
    fn pictures_and_types_stay_as_they_are() {
        for (name, bytes) in FILES {
            let kept = shortened(name, bytes);
            let changed =
                name.ends_with(".js") || name.ends_with(".css") || name.ends_with(".html");
            assert_eq!(*kept == *bytes, !changed, "{name}");
        }
    }
}
