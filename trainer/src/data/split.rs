//! The validation split.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use super::images::Images;
use super::random::{Purpose, stream};

/// Splits images at random into a training and a validation part; every image is in exactly one.
///
/// The validation part has `validation_fraction` of the images of each class, rounded to the nearest
/// number, but at least one if the class has two or more; fractions are clamped to 0..=1. The same images,
/// fraction and seed give the same parts in the same order. A larger fraction only moves images from
/// training to validation. Both parts are shuffled, so that their first images are a random sample.
pub fn split(images: &Images, validation_fraction: f64, seed: u64) -> (Images, Images) {
    let mut order: Vec<usize> = (0..images.len()).collect();
    order.shuffle(&mut stream(seed, Purpose::Split));
    let mut counts = BTreeMap::<u16, usize>::new();
    for &label in images.labels() {
        *counts.entry(label).or_default() += 1;
    }
    let mut left = counts;
    for count in left.values_mut() {
        *count = held_out(*count, validation_fraction);
    }
    let (validation, train): (Vec<_>, Vec<_>) = order.into_iter().partition(|&index| {
        let left = left.entry(images.label(index)).or_default();
        let held_out = *left > 0;
        *left -= usize::from(held_out);
        held_out
    });
    (images.subset(&train), images.subset(&validation))
}

/// Number of images that are held out from a class of `count`.
fn held_out(count: usize, fraction: f64) -> usize {
    // NaN fails the first comparison.
    let least = usize::from(fraction > 0.0 && count > 1);
    let share = (count as f64 * fraction.clamp(0.0, 1.0)).round() as usize;
    share.max(least).min(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images whose pixels are their number, of five classes in turn.
    fn numbered(count: u8) -> Images {
        let pixels = (0..count).flat_map(|i| [i; 3]).collect();
        Images::new(1, 1, pixels, (0..count).map(|i| u16::from(i % 5)).collect()).unwrap()
    }

    fn numbers(images: &Images) -> Vec<u8> {
        (0..images.len()).map(|index| images.image(index)[0]).collect()
    }

    #[test]
    fn every_image_is_in_exactly_one_part() {
        let (train, validation) = split(&numbered(200), 0.1, 5);
        assert_eq!((train.len(), validation.len()), (180, 20), "sizes");
        let mut all = [numbers(&train), numbers(&validation)].concat();
        all.sort_unstable();
        assert_eq!(all, (0..200).collect::<Vec<_>>(), "each once");
        for class in 0..5 {
            let held_out = validation.labels().iter().filter(|&&label| label == class).count();
            assert_eq!(held_out, 4, "a tenth of class {class}");
        }
        for (index, number) in numbers(&validation).into_iter().enumerate() {
            assert_eq!(validation.label(index), u16::from(number % 5), "its own label");
        }
    }

    #[test]
    fn a_small_class_is_held_out_too() {
        let images = Images::new(1, 1, vec![0; 3 * 23], [[0; 20].as_slice(), &[1; 3]].concat());
        let (train, validation) = split(&images.unwrap(), 0.1, 1);
        let count = |images: &Images| images.labels().iter().filter(|&&label| label == 1).count();
        assert_eq!((count(&train), count(&validation)), (2, 1), "one of three");
    }

    #[test]
    fn the_seed_decides() {
        let validation = |seed| split(&numbered(200), 0.1, seed).1;
        assert_eq!(validation(5), validation(5), "same seed");
        assert_ne!(validation(5), validation(6), "another seed");
    }

    #[test]
    fn a_larger_fraction_keeps_what_was_held_out() {
        let (_, small) = split(&numbered(100), 0.05, 42);
        let (_, large) = split(&numbered(100), 0.2, 42);
        let large = numbers(&large);
        assert!(numbers(&small).iter().all(|number| large.contains(number)), "{large:?}");
    }

    #[test]
    fn fractions_outside_the_range_are_clamped() {
        let sizes = |fraction| {
            let (train, validation) = split(&numbered(10), fraction, 0);
            (train.len(), validation.len())
        };
        assert_eq!(sizes(-1.0), (10, 0), "below 0");
        assert_eq!(sizes(2.0), (0, 10), "above 1");
        assert_eq!(sizes(f64::NAN), (10, 0), "no number");
    }
}
