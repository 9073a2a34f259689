//! The validation split.

use rand::seq::SliceRandom;

use super::Images;
use super::random::{Purpose, stream};

/// Splits images at random into a training and a validation part; every image is in exactly one.
///
/// The validation part has `validation_fraction · len` images, rounded to the nearest number; a
/// fraction below 0 counts as 0, one above 1 as 1. The same images, fraction and seed give the
/// same parts in the same order, and a larger fraction only moves images from training to
/// validation. Both parts are shuffled, so that the first images of either are a fair sample.
pub fn split(images: &Images, validation_fraction: f64, seed: u64) -> (Images, Images) {
    let mut order: Vec<usize> = (0..images.len()).collect();
    order.shuffle(&mut stream(seed, Purpose::Split));
    let held_out = (images.len() as f64 * validation_fraction.clamp(0.0, 1.0)).round() as usize;
    let (validation, train) = order.split_at(held_out.min(images.len()));
    (images.subset(train), images.subset(validation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: u16) -> Images {
        let pixels = (0..count).flat_map(|i| [i as u8; 3]).collect();
        Images::new(1, 1, pixels, (0..count).collect()).unwrap()
    }

    #[test]
    fn every_image_is_in_exactly_one_part() {
        let (train, validation) = split(&numbered(200), 0.1, 5);
        assert_eq!((train.len(), validation.len()), (180, 20), "sizes");
        let mut labels = [train.labels(), validation.labels()].concat();
        labels.sort_unstable();
        assert_eq!(labels, (0..200).collect::<Vec<_>>(), "all labels once");
        for i in 0..validation.len() {
            let label = validation.label(i) as u8;
            assert_eq!(validation.image(i), [label; 3], "pixels stay with their label");
        }
    }

    #[test]
    fn the_seed_decides() {
        let validation = |seed| split(&numbered(200), 0.1, seed).1;
        assert_eq!(validation(5), validation(5), "same seed");
        assert_ne!(validation(5), validation(6), "another seed");
    }

    #[test]
    fn a_seed_keeps_its_meaning() {
        let (_, validation) = split(&numbered(100), 0.05, 42);
        assert_eq!(validation.labels(), [51, 32, 37, 28, 67], "seed 42");
        let (_, larger) = split(&numbered(100), 0.2, 42);
        assert_eq!(larger.take(5), validation, "a larger fraction keeps what was held out");
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
