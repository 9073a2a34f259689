//! Pixels that replace the background of training images.

use rand::{Rng, RngExt};

/// Probability that another image is the new background, and not the mean colour.
const OTHER: f64 = 0.5;

/// New backgrounds for all images of a batch, planes `[len, 3, height, width]` of `size` values each, with the
/// probability `share`; otherwise `None`. All images of a batch get the same kind of background: their own mean colour,
/// or another image of the batch.
pub(super) fn draw(
    share: f64,
    images: &[f32],
    [height, width]: [usize; 2],
    rng: &mut impl Rng,
) -> Option<Vec<f32>> {
    let (plane, image) = (height * width, 3 * height * width);
    let len = images.len() / image;
    if rng.random::<f64>() >= share || len < 2 {
        return None;
    }
    let mut backgrounds = images.to_vec();
    if rng.random_bool(OTHER) {
        backgrounds.rotate_left(rng.random_range(1..len) * image);
    } else {
        for plane in backgrounds.chunks_exact_mut(plane) {
            let mean = plane.iter().sum::<f32>() / plane.len() as f32;
            plane.fill(mean);
        }
    }
    Some(backgrounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    /// Three images of 2 × 4 pixels, all values different.
    fn images() -> Vec<f32> {
        (0..3 * 24).map(|value| value as f32).collect()
    }

    fn drawn(share: f64, seed: u64) -> Option<Vec<f32>> {
        draw(share, &images(), [2, 4], &mut Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    #[test]
    fn the_background_is_the_mean_colour_or_another_image() {
        let images = images();
        let mut seen = [0; 3];
        for seed in 0..60 {
            let found = drawn(1.0, seed).expect("always");
            let kinds: Vec<_> = [24, 48, 0]
                .map(|start| found == [&images[start..], &images[..start]].concat())
                .into();
            if let Some(step) = kinds.iter().position(|&same| same) {
                assert_ne!(step, 2, "the image itself");
                seen[step] += 1;
            } else {
                for (plane, values) in found.chunks_exact(8).enumerate() {
                    assert_eq!(values, [8.0 * plane as f32 + 3.5; 8], "the mean of plane {plane}");
                }
                seen[2] += 1;
            }
        }
        assert!(seen[2] > 15 && seen[0] > 5 && seen[1] > 5, "{seen:?}");
    }

    #[test]
    fn it_happens_as_often_as_asked() {
        let count = (0..2000).filter(|&seed| drawn(0.25, seed).is_some()).count();
        assert!((430..570).contains(&count), "{count} of 2,000");
        assert_eq!(drawn(0.0, 1), None, "never by default");
    }
}
