//! The mistakes of a network, as tables and pictures.

mod confusion;
mod contact_sheet;
pub(crate) mod csv;
mod label;
mod matrix;
mod mistakes;
mod pairs;

use std::path::Path;

use anyhow::{Context, Result};

use crate::data::Images;
use crate::eval::Predictions;
use crate::evidence::Maps;
use confusion::Confusion;
use contact_sheet::SHOWN;

/// The files of a report.
pub(crate) const FILES: [&str; 4] =
    ["confusion.csv", "confusion.svg", "mistakes.csv", "mistakes.png"];
/// With more classes, the cells of a matrix are too small to read.
const MATRIX_CLASSES: usize = 40;

/// The mistakes that `mistakes.png` shows, the worst first: each image with the class that was predicted.
pub fn shown(predictions: &Predictions) -> Vec<(usize, usize)> {
    let mistakes = mistakes::worst_first(predictions);
    mistakes.iter().take(SHOWN).map(|mistake| (mistake.image, mistake.predicted)).collect()
}

/// Writes `confusion.csv`, `confusion.svg`, `mistakes.csv` and `mistakes.png` about the predictions for
/// these images. The directory is created if necessary. `maps` are the maps of the images in [`shown`], which
/// `mistakes.png` then shows beside them.
///
/// # Errors
/// If the directory cannot be written to.
///
/// # Panics
/// If the predictions are not for these images and classes, or there is not a map for each image that is shown.
pub fn write(
    dir: &Path,
    images: &Images,
    classes: &[String],
    predictions: &Predictions,
    maps: Option<&Maps>,
) -> Result<()> {
    assert_eq!(images.len(), predictions.len(), "a prediction for every image");
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let confusion = Confusion::count(predictions, classes);
    output::write(&dir.join("confusion.csv"), confusion.table().as_bytes())?;
    let drawn = if classes.len() <= MATRIX_CLASSES {
        matrix::svg(&confusion)
    } else {
        pairs::svg(&confusion)
    };
    output::write(&dir.join("confusion.svg"), drawn?.as_bytes())?;
    let mistakes = mistakes::worst_first(predictions);
    let table = mistakes::table(&mistakes, images, classes);
    output::write(&dir.join("mistakes.csv"), table.as_bytes())?;
    let sheet = contact_sheet::png(&mistakes, images, classes, maps)?;
    output::write(&dir.join("mistakes.png"), &sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_are_shown_as_pairs() {
        let directory = tempfile::tempdir().unwrap();
        let classes = (0..300).map(|class| format!("class {class}")).collect::<Vec<_>>();
        let labels = (0..300).collect::<Vec<u16>>();
        let images = Images::new(1, 1, vec![9; 900], labels.clone()).unwrap();
        // Class 7 is predicted as class 8, all others are right.
        let logit =
            |label: usize, class: usize| f32::from(class == label + usize::from(label == 7));
        let logits = (0..300).flat_map(|label| (0..300).map(move |class| logit(label, class)));
        let predictions = Predictions::of_logits(logits.collect(), labels);
        write(directory.path(), &images, &classes, &predictions, None).unwrap();
        let svg = std::fs::read_to_string(directory.path().join("confusion.svg")).unwrap();
        assert!(svg.contains("class 7") && svg.contains("class 8"), "the pair");
        assert!(!svg.contains("class 100") && svg.len() < 20_000, "and no other class");
    }

    #[test]
    fn a_report_has_its_four_files() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path().join("new");
        let images = Images::new(2, 2, vec![9; 3 * 12], vec![0, 1, 1]).unwrap();
        let predictions = Predictions::of_logits(vec![3.0, 0.0, 3.0, 0.0, 0.0, 3.0], vec![0, 1, 1]);
        assert_eq!(shown(&predictions), [(1, 0)], "the second image");
        let maps = Maps { grid: (1, 2), maps: vec![vec![0.5, 2.0]] };
        let classes = ["left".into(), "right".into()];
        write(&dir, &images, &classes, &predictions, Some(&maps)).unwrap();
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
