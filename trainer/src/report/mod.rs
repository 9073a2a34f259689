//! The mistakes of a network, as tables and pictures.

mod confusion;
mod contact_sheet;
mod csv;
mod mistakes;

use std::path::Path;

use anyhow::{Context, Result};

use crate::data::Images;
use crate::eval::Predictions;
use crate::output;
use confusion::Confusion;

/// The files of a report.
pub(crate) const FILES: [&str; 4] =
    ["confusion.csv", "confusion.svg", "mistakes.csv", "mistakes.png"];

/// Writes `confusion.csv`, `confusion.svg`, `mistakes.csv` and `mistakes.png` about the predictions for
/// these images. The directory is created if necessary.
///
/// # Errors
/// If the directory cannot be written to.
///
/// # Panics
/// If the predictions are not for these images and classes.
pub fn write(
    dir: &Path,
    images: &Images,
    classes: &[String],
    predictions: &Predictions,
) -> Result<()> {
    assert_eq!(images.len(), predictions.len(), "a prediction for every image");
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let confusion = Confusion::count(predictions, classes);
    output::write(&dir.join("confusion.csv"), confusion.table().as_bytes())?;
    output::write(&dir.join("confusion.svg"), confusion.svg()?.as_bytes())?;
    let mistakes = mistakes::worst_first(predictions);
    output::write(&dir.join("mistakes.csv"), mistakes::table(&mistakes, classes).as_bytes())?;
    let sheet = contact_sheet::png(&mistakes, images, classes)?;
    output::write(&dir.join("mistakes.png"), &sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_its_four_files() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path().join("new");
        let images = Images::new(2, 2, vec![9; 3 * 12], vec![0, 1, 1]).unwrap();
        let predictions = Predictions::of_logits(vec![3.0, 0.0, 3.0, 0.0, 0.0, 3.0], vec![0, 1, 1]);
        write(&dir, &images, &["left".into(), "right".into()], &predictions).unwrap();
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
