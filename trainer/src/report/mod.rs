//! What a network gets wrong, as tables and pictures.

mod confusion;
mod contact_sheet;
mod mistakes;

use std::path::Path;

use anyhow::{Context, Result};

use crate::data::Images;
use crate::eval::Answers;
use crate::output;
use confusion::Confusion;

/// Writes `confusion.csv`, `confusion.svg`, `mistakes.csv` and `mistakes.png` about the images
/// that were answered; the directory is made if it is not there.
///
/// # Errors
/// If the directory cannot be written to.
///
/// # Panics
/// If `answers` are not those to `images`, or of other classes.
pub fn write(dir: &Path, images: &Images, classes: &[String], answers: &Answers) -> Result<()> {
    assert_eq!(images.len(), answers.len(), "an answer for every image");
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let confusion = Confusion::count(answers, classes);
    output::write(&dir.join("confusion.csv"), confusion.table().as_bytes())?;
    output::write(&dir.join("confusion.svg"), confusion.svg()?.as_bytes())?;
    let mistakes = mistakes::worst_first(answers);
    output::write(&dir.join("mistakes.csv"), mistakes::table(&mistakes, classes).as_bytes())?;
    let sheet = contact_sheet::png(&mistakes, images, classes)?;
    output::write(&dir.join("mistakes.png"), &sheet)
}

/// A field of a table: in quotes where it would end early without.
fn csv_field(text: &str) -> String {
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
        for (text, field) in cases {
            assert_eq!(csv_field(text), field, "{text}");
        }
    }

    #[test]
    fn a_report_has_its_four_files() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path().join("new");
        let images = Images::new(2, 2, vec![9; 3 * 12], vec![0, 1, 1]).unwrap();
        let answers = Answers::of_logits(vec![3.0, 0.0, 3.0, 0.0, 0.0, 3.0], vec![0, 1, 1]);
        write(&dir, &images, &["left".into(), "right".into()], &answers).unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
        assert_eq!(
            read("confusion.csv"),
            "true class,left,right,images,accuracy\nleft,1,0,1,1.00000\nright,1,1,2,0.50000\n",
            "counts"
        );
        assert!(read("confusion.svg").contains("right"), "names");
        assert!(read("mistakes.csv").contains("\n1,right,left,"), "the second image");
        let sheet = image::open(dir.join("mistakes.png")).unwrap();
        assert!(sheet.width() > 100 && sheet.height() > 100, "a picture");
    }
}
