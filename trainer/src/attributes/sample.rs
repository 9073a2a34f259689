//! The images that attributes are fitted to, each with a weight.

use super::table::Labels;

/// Images to fit attributes to.
#[derive(Clone)]
pub(super) struct Sample<'a> {
    /// Pooled tokens `[images, dim]`.
    pooled: &'a [f32],
    pub(super) dim: usize,
    /// The class of each image.
    pub(super) classes: Vec<u16>,
    pub(super) labels: &'a Labels,
    /// Where each image is in `pooled` and in `labels`.
    places: Vec<usize>,
    /// The weight of the images of each class. The weights of all images sum to one, and those of each class
    /// are equal.
    weights: Vec<f64>,
}

impl<'a> Sample<'a> {
    pub(super) fn new(pooled: &'a [f32], classes: &[u16], labels: &'a Labels) -> Self {
        let dim = pooled.len() / classes.len();
        let places = (0..classes.len()).collect();
        Self::at(pooled, dim, classes.to_vec(), labels, places)
    }

    fn at(
        pooled: &'a [f32],
        dim: usize,
        classes: Vec<u16>,
        labels: &'a Labels,
        places: Vec<usize>,
    ) -> Self {
        let most = classes.iter().max().map_or(0, |&class| usize::from(class) + 1);
        let mut counts = vec![0usize; most];
        classes.iter().for_each(|&class| counts[usize::from(class)] += 1);
        let present = counts.iter().filter(|&&count| count > 0).count();
        let weight = |&count: &usize| 1.0 / (present * count).max(1) as f64;
        let weights = counts.iter().map(weight).collect();
        Self { pooled, dim, classes, labels, places, weights }
    }

    /// The images whose number `keep` accepts.
    pub(super) fn part(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.classes.len()).filter(|&image| keep(image)).collect();
        let classes = kept.iter().map(|&image| self.classes[image]).collect();
        let places = kept.iter().map(|&image| self.places[image]).collect();
        Self::at(self.pooled, self.dim, classes, self.labels, places)
    }

    /// Number of classes that have images.
    pub(super) fn classes_present(&self) -> usize {
        let mut classes = self.classes.clone();
        classes.sort_unstable();
        classes.dedup();
        classes.len()
    }

    /// Pooled tokens, class and weight of each image.
    pub(super) fn images(&self) -> impl Iterator<Item = (&'a [f32], &u16, f64)> {
        self.places.iter().zip(&self.classes).map(|(&place, class)| {
            let x = &self.pooled[place * self.dim..][..self.dim];
            (x, class, self.weights[usize::from(*class)])
        })
    }

    /// What the table says of each image, `[attributes]` each.
    pub(super) fn known(&self) -> impl Iterator<Item = &'a [Option<bool>]> {
        self.places.iter().map(|&place| self.labels.image(place))
    }
}
