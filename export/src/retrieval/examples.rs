//! How often the nearest example has the class of the query, with a few examples of each class.

use super::compared::Compared;
use super::seen::Seen;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Which images are queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among<'c> {
    /// All images that are not examples.
    All,
    /// The images of these classes that are not examples.
    Classes(&'c [u16]),
}

/// A set of images, and which of them are examples and queries.
#[derive(Clone, Copy, Debug)]
pub struct Task<'s> {
    /// The images, of which some become examples.
    pub images: &'s [Seen],
    /// Which of the other images are queries.
    pub queries: Among<'s>,
    /// Number of examples of each class.
    pub examples: usize,
}

impl Task<'_> {
    /// Whether every class has images beside its examples.
    pub fn is_possible(&self) -> bool {
        let mut counts = BTreeMap::<u16, usize>::new();
        self.images.iter().for_each(|image| *counts.entry(image.label).or_default() += 1);
        !counts.is_empty() && counts.values().all(|&count| count > self.examples)
    }

    /// Number of images that can be queries: those that are not drawn as examples become queries.
    pub fn candidates(&self) -> usize {
        self.images.iter().filter(|image| self.queries.contain(image)).count()
    }
}

impl Among<'_> {
    fn contain(self, image: &Seen) -> bool {
        match self {
            Self::All => true,
            Self::Classes(classes) => classes.contains(&image.label),
        }
    }
}

/// Share of the queries whose nearest example is of their class, for examples drawn at random. If several examples are
/// at the same smallest distance, the query counts with the share of them that are of its class. The same `draw` gives
/// the same examples. The result is NaN if no image is left as a query.
pub fn accuracy(compared: Compared, task: Task<'_>, draw: u64) -> f64 {
    let mut order: Vec<&Seen> = task.images.iter().collect();
    order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(draw));
    let mut taken = BTreeMap::<u16, usize>::new();
    let (examples, others): (Vec<&Seen>, Vec<&Seen>) = order.into_iter().partition(|image| {
        let taken = taken.entry(image.label).or_default();
        *taken += 1;
        *taken <= task.examples
    });
    let queries: Vec<&Seen> =
        others.into_iter().filter(|image| task.queries.contain(image)).collect();
    let right: f64 = queries.par_iter().map(|query| share(compared, query, &examples)).sum();
    right / queries.len() as f64
}

/// Share of the nearest examples that are of the class of the query.
fn share(compared: Compared, query: &Seen, examples: &[&Seen]) -> f64 {
    let (mut least, mut nearest, mut right) = (u64::MAX, 0.0, 0.0);
    for example in examples {
        let distance = compared.distance(query, example);
        if distance < least {
            (least, nearest, right) = (distance, 0.0, 0.0);
        }
        if distance == least {
            nearest += 1.0;
            right += f64::from(u8::from(example.label == query.label));
        }
    }
    right / nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image that differs from others only in its pixels.
    fn seen(label: u16, pixel: u8) -> Seen {
        Seen { label, pixels: vec![pixel; 3], ..Seen::default() }
    }

    fn of(images: &[Seen], queries: Among<'_>, examples: usize) -> f64 {
        accuracy(Compared::Pixels, Task { images, queries, examples }, 1)
    }

    #[test]
    fn the_nearest_example_counts() {
        let apart: Vec<Seen> =
            (0..8).flat_map(|n| [seen(3, n), seen(7, 200 + n), seen(9, 100 + n)]).collect();
        assert_eq!(of(&apart, Among::All, 2), 1.0, "classes that lie apart");
        assert_eq!(of(&apart, Among::Classes(&[9]), 2), 1.0, "one of them");
        let mut wrong = apart.clone();
        wrong.iter_mut().filter(|image| image.label == 7).for_each(|image| image.pixels.fill(103));
        let (one, all) = (of(&wrong, Among::Classes(&[3]), 2), of(&wrong, Among::All, 2));
        assert!(one == 1.0 && all < 1.0, "{one} of class 3, {all} of all");
    }

    #[test]
    fn equally_near_examples_share_the_query() {
        let alike: Vec<Seen> = (0..12).map(|n| seen(n % 4, 5)).collect();
        assert!((of(&alike, Among::All, 1) - 0.25).abs() < 1e-12, "four classes of one picture");
        assert!((of(&alike, Among::All, 2) - 0.25).abs() < 1e-12, "two examples each");
    }

    #[test]
    fn a_class_needs_more_images_than_examples() {
        let images: Vec<Seen> = (0..7).map(|n| seen(n % 2, n as u8)).collect();
        let task = |examples| Task { images: &images, queries: Among::Classes(&[1]), examples };
        assert!(task(2).is_possible() && !task(3).is_possible(), "three of the class 1");
        assert_eq!(task(2).candidates(), 3, "of the class 1");
        assert!(!Task { images: &[], queries: Among::All, examples: 1 }.is_possible(), "none");
    }
}
