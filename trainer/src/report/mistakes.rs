//! The images that a network misclassifies, worst first.

use std::fmt::Write;

use super::csv;
use crate::data::Images;
use crate::eval::Predictions;

/// A misclassified image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mistake {
    /// Its index.
    pub(super) image: usize,
    /// Its class.
    pub(super) label: usize,
    /// The predicted class.
    pub(super) predicted: usize,
    /// Probability of the predicted class.
    pub(super) sure: f64,
    /// Probability of the true class.
    pub(super) own: f64,
}

/// All mistakes; the one with the lowest probability of the true class comes first.
pub(super) fn worst_first(predictions: &Predictions) -> Vec<Mistake> {
    let mistake = |image| {
        let (label, predicted) = (predictions.label(image), predictions.predicted(image));
        let probability = |class| predictions.probability(image, class);
        Mistake { image, label, predicted, sure: probability(predicted), own: probability(label) }
    };
    let mut mistakes = (0..predictions.len())
        .map(mistake)
        .filter(|found| found.label != found.predicted)
        .collect::<Vec<_>>();
    mistakes.sort_by(|one, other| one.own.total_cmp(&other.own));
    mistakes
}

/// A line for each mistake. Images are counted from 0. If each image comes from its own file, the last
/// column is the name of the file.
pub(super) fn table(mistakes: &[Mistake], images: &Images, classes: &[String]) -> String {
    let mut table =
        "image,true class,predicted class,probability of predicted,probability of true".to_owned();
    table += if images.have_names() { ",file\n" } else { "\n" };
    for Mistake { image, label, predicted, sure, own } in mistakes {
        let (label, predicted) = (csv::field(&classes[*label]), csv::field(&classes[*predicted]));
        let file =
            images.name(*image).map_or(String::new(), |name| format!(",{}", csv::field(name)));
        writeln!(table, "{image},{label},{predicted},{sure:.5},{own:.5}{file}")
            .expect("a String takes any text");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_mistake_comes_first() {
        let logits = [[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 9.0]].concat();
        let predictions = Predictions::of_logits(logits, vec![1, 0, 1, 1]);
        let mistakes = worst_first(&predictions);
        let images = mistakes.iter().map(|mistake| mistake.image).collect::<Vec<_>>();
        assert_eq!(images, [2, 0, 1], "lowest probability of the true class first");
        assert!((mistakes[0].sure + mistakes[0].own - 1.0).abs() < 1e-9, "of two classes");
        let classes = ["a".into(), "b, c".into()];
        let images = Images::new(1, 1, vec![0; 12], vec![1, 0, 1, 1]).unwrap();
        let lines = table(&mistakes, &images, &classes);
        assert_eq!(lines.lines().nth(1), Some("2,\"b, c\",a,0.95257,0.04743"), "first line");
        let names = ["w.png", "x.png", "y,1.png", "z.png"].map(Into::into).to_vec();
        let images = Images::with_names(1, 1, vec![0; 12], vec![1, 0, 1, 1], names).unwrap();
        let lines = table(&mistakes, &images, &classes);
        assert_eq!(
            lines.lines().nth(1),
            Some("2,\"b, c\",a,0.95257,0.04743,\"y,1.png\""),
            "with its file"
        );
    }
}
