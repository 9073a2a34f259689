//! The images that a network gets wrong, worst first.

use std::fmt::Write;

use super::csv_field;
use crate::eval::Answers;

/// An image that was given a wrong class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mistake {
    /// Its place among the images.
    pub(super) image: usize,
    /// Its class.
    pub(super) label: usize,
    /// The class that it was given.
    pub(super) given: usize,
    /// Probability of the given class.
    pub(super) sure: f64,
    /// Probability of its own class.
    pub(super) own: f64,
}

/// All mistakes, those first that leave the image's own class the least probability.
pub(super) fn worst_first(answers: &Answers) -> Vec<Mistake> {
    let mistake = |image| {
        let (label, given) = (answers.label(image), answers.given(image));
        let probability = |class| answers.probability(image, class);
        Mistake { image, label, given, sure: probability(given), own: probability(label) }
    };
    let mut mistakes = (0..answers.len())
        .map(mistake)
        .filter(|found| found.label != found.given)
        .collect::<Vec<_>>();
    mistakes.sort_by(|one, other| one.own.total_cmp(&other.own));
    mistakes
}

/// A line for each mistake; images are counted from 0.
pub(super) fn table(mistakes: &[Mistake], classes: &[String]) -> String {
    let mut table =
        "image,true class,given class,probability of given,probability of true\n".to_owned();
    for Mistake { image, label, given, sure, own } in mistakes {
        let (label, given) = (csv_field(&classes[*label]), csv_field(&classes[*given]));
        writeln!(table, "{image},{label},{given},{sure:.5},{own:.5}")
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
        let answers = Answers::of_logits(logits, vec![1, 0, 1, 1]);
        let mistakes = worst_first(&answers);
        let images = mistakes.iter().map(|mistake| mistake.image).collect::<Vec<_>>();
        assert_eq!(images, [2, 0, 1], "by what is left for the own class; the last is right");
        assert!((mistakes[0].sure + mistakes[0].own - 1.0).abs() < 1e-9, "of two classes");
        let table = table(&mistakes, &["a".into(), "b, c".into()]);
        assert_eq!(table.lines().nth(1), Some("2,\"b, c\",a,0.95257,0.04743"), "first line");
    }
}
