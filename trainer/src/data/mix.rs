//! Two images in one: mixup and cutmix.
//!
//! # Source
//! Zhang et al., *mixup: Beyond Empirical Risk Minimization*, 2018; Yun et al., *Regularization Strategy to Train Strong Classifiers*, 2019.

use rand::{Rng, RngExt};
use serde::Serialize;

/// How often the images of a batch are mixed with each other; otherwise they stay as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Mix {
    /// Probability that a batch's images are blended.
    pub blend: f64,
    /// Probability that a rectangle of each image is replaced by another one's.
    pub paste: f64,
}

/// What was mixed into the images of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// The label of what was mixed into each image.
    pub partners: Vec<i32>,
    /// The share of each image that is still its own, 0 to 1.
    pub share: f32,
}

impl Mix {
    /// Mixes the images of a batch, planes `[len, 3, height, width]`, each with another one of it.
    ///
    /// The share is uniform, as both papers have it on small images.
    pub(super) fn apply(
        &self,
        images: &mut [f32],
        labels: &[i32],
        [height, width]: [usize; 2],
        rng: &mut impl Rng,
    ) -> Option<Mixed> {
        let (choice, share) = (rng.random::<f64>(), rng.random::<f32>());
        let middle: [f32; 2] = [rng.random(), rng.random()];
        let step = rng.random_range(1..labels.len().max(2));
        if choice >= self.blend + self.paste || labels.len() < 2 {
            return None;
        }
        let len = images.len() / labels.len();
        let mut originals = images.to_vec();
        originals.rotate_left(step * len);
        let mut partners = labels.to_vec();
        partners.rotate_left(step);
        if choice < self.blend {
            for (value, other) in images.iter_mut().zip(originals) {
                *value = share * *value + (1.0 - share) * other;
            }
            return Some(Mixed { partners, share });
        }
        let side = |middle: f32, len: usize| {
            let half = (1.0 - share).sqrt() * len as f32 / 2.0;
            let middle = middle * len as f32;
            let start = (middle - half).round().max(0.0) as usize;
            start..((middle + half).round() as usize).min(len)
        };
        let (rows, columns) = (side(middle[0], height), side(middle[1], width));
        for (plane, other) in
            images.chunks_exact_mut(height * width).zip(originals.chunks_exact(height * width))
        {
            for row in rows.clone() {
                let row = row * width + columns.start..row * width + columns.end;
                plane[row.clone()].copy_from_slice(&other[row]);
            }
        }
        let pasted = rows.len() * columns.len();
        Some(Mixed { partners, share: 1.0 - pasted as f32 / (height * width) as f32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    /// Four images of 4 × 4 pixels whose values are their labels.
    fn batch() -> (Vec<f32>, Vec<i32>) {
        ((0..4).flat_map(|i| [i as f32; 48]).collect(), (0..4).collect())
    }

    fn mixed(mix: Mix, seed: u64) -> (Vec<f32>, Option<Mixed>) {
        let (mut images, labels) = batch();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let found = mix.apply(&mut images, &labels, [4, 4], &mut rng);
        (images, found)
    }

    #[test]
    fn a_blend_is_the_weighted_mean_of_both() {
        for seed in 0..20 {
            let (images, found) = mixed(Mix { blend: 1.0, paste: 0.0 }, seed);
            let Mixed { partners, share } = found.expect("always mixed");
            for (label, image) in images.chunks_exact(48).enumerate() {
                assert_ne!(partners[label], label as i32, "another image");
                let expected = share * label as f32 + (1.0 - share) * partners[label] as f32;
                assert!(image.iter().all(|value| (value - expected).abs() < 1e-5), "{image:?}");
            }
        }
    }

    #[test]
    fn a_paste_keeps_the_share_that_it_reports() {
        for seed in 0..50 {
            let (images, found) = mixed(Mix { blend: 0.0, paste: 1.0 }, seed);
            let Mixed { partners, share } = found.expect("always mixed");
            for (label, image) in images.chunks_exact(48).enumerate() {
                let own = image.iter().filter(|&&value| value == label as f32).count();
                assert_eq!(own as f32 / 48.0, share, "seed {seed}, image {label}");
                let other = partners[label] as f32;
                assert!(image.iter().all(|&v| v == label as f32 || v == other), "{image:?}");
            }
        }
    }

    #[test]
    fn it_happens_as_often_as_asked() {
        let count = |mix| (0..2000).filter(|&seed| mixed(mix, seed).1.is_some()).count();
        assert_eq!(count(Mix::default()), 0, "never by default");
        let half = count(Mix { blend: 0.25, paste: 0.25 });
        assert!((900..1100).contains(&half), "{half} of 2,000");
    }
}
