//! Images by true class and predicted class.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::csv;
use crate::eval::Predictions;

/// Counts of true and predicted classes. Only pairs that occur take memory.
pub(super) struct Confusion<'a> {
    classes: &'a [String],
    /// By true class and predicted class.
    counts: BTreeMap<(usize, usize), usize>,
    /// Images of each class.
    images: Vec<usize>,
}

/// A class that was predicted as another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) class: usize,
    pub(super) predicted: usize,
    pub(super) count: usize,
    /// Images of the class.
    pub(super) images: usize,
    /// Share of the images of the class, 0 to 1.
    pub(super) share: f64,
}

impl<'a> Confusion<'a> {
    pub(super) fn count(predictions: &Predictions, classes: &'a [String]) -> Self {
        let pair = |image| (predictions.label(image), predictions.predicted(image));
        Self::of((0..predictions.len()).map(pair), classes)
    }

    fn of(pairs: impl Iterator<Item = (usize, usize)>, classes: &'a [String]) -> Self {
        let (mut counts, mut images) = (BTreeMap::new(), vec![0; classes.len()]);
        for pair in pairs {
            *counts.entry(pair).or_default() += 1;
            images[pair.0] += 1;
        }
        Self { classes, counts, images }
    }

    /// Counts of labels and predicted classes, without a network.
    #[cfg(test)]
    pub(super) fn of_pairs(labels: &[usize], predicted: &[usize], classes: &'a [String]) -> Self {
        Self::of(labels.iter().copied().zip(predicted.iter().copied()), classes)
    }

    pub(super) const fn classes(&self) -> &'a [String] {
        self.classes
    }

    /// Images of a class that were predicted as this or another class.
    pub(super) fn of_class(&self, class: usize, predicted: usize) -> usize {
        self.counts.get(&(class, predicted)).copied().unwrap_or(0)
    }

    pub(super) fn share(&self, class: usize, predicted: usize) -> f64 {
        self.of_class(class, predicted) as f64 / self.images[class].max(1) as f64
    }

    /// Number of images.
    pub(super) fn all(&self) -> usize {
        self.images.iter().sum()
    }

    /// Number of images whose predicted class is the true one.
    pub(super) fn right(&self) -> usize {
        (0..self.classes.len()).map(|class| self.of_class(class, class)).sum()
    }

    /// Mistakes by pair; the pair with the most images first, then the one with the larger share.
    pub(super) fn worst_pairs(&self) -> Vec<Pair> {
        let wrong = self.counts.iter().filter(|((class, predicted), _)| class != predicted);
        let mut pairs = wrong
            .map(|(&(class, predicted), &count)| Pair {
                class,
                predicted,
                count,
                images: self.images[class],
                share: self.share(class, predicted),
            })
            .collect::<Vec<_>>();
        pairs.sort_by(|one, other| {
            other.count.cmp(&one.count).then(other.share.total_cmp(&one.share))
        });
        pairs
    }

    /// A line for each class: its images by predicted class, their number, and the accuracy.
    pub(super) fn table(&self) -> String {
        let names = self.classes.iter().map(|name| csv::field(name)).collect::<Vec<_>>();
        let mut table = format!("true class,{},images,accuracy\n", names.join(","));
        for (class, name) in names.iter().enumerate() {
            table += name;
            for predicted in 0..names.len() {
                write!(table, ",{}", self.of_class(class, predicted))
                    .expect("a String takes any text");
            }
            let (images, accuracy) = (self.images[class], self.share(class, class));
            writeln!(table, ",{images},{accuracy:.5}").expect("a String takes any text");
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_true_class() {
        let logits = [[9.0, 0.0, 1.0], [0.0, 9.0, 1.0], [0.0, 1.0, 9.0], [0.0, 1.0, 9.0]].concat();
        let predictions = Predictions::of_logits(logits, vec![0, 0, 0, 2]);
        let classes = ["class 0", "class 1", "class 2"].map(String::from);
        let confusion = Confusion::count(&predictions, &classes);
        let table = confusion.table();
        let rows = table.lines().skip(1).collect::<Vec<_>>();
        assert_eq!(rows[0], "class 0,1,1,1,3,0.33333", "one of three");
        assert_eq!(rows[1], "class 1,0,0,0,0,0.00000", "a class without images");
        assert_eq!((confusion.right(), confusion.all()), (2, 4), "in all");
    }

    #[test]
    fn the_pair_with_the_most_mistakes_comes_first() {
        let classes = ["a", "b", "c"].map(String::from);
        let labels = [0, 0, 0, 0, 1, 1, 2, 2, 2];
        let predicted = [1, 1, 2, 0, 0, 1, 1, 1, 1];
        let pairs = Confusion::of_pairs(&labels, &predicted, &classes).worst_pairs();
        let found = pairs.iter().map(|pair| (pair.class, pair.predicted, pair.count));
        let expected = [(2, 1, 3), (0, 1, 2), (1, 0, 1), (0, 2, 1)];
        assert_eq!(found.collect::<Vec<_>>(), expected, "by images, then by share");
        assert_eq!(pairs[0].share, 1.0, "all of class c");
    }
}
