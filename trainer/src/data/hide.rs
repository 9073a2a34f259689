//! Hide-and-Seek: cells of an image are hidden at random, so that a network also learns from the other cells.
//!
//! # Source
//! Singh and Lee, *Hide-and-Seek: Forcing a Network to be Meticulous*, 2017. Unlike there, a hidden cell gets the mean
//! colour of its own image, not that of all images.

use rand::{Rng, RngExt};

/// Cells along each side of an image.
const CELLS: usize = 8;
/// Probability that a cell is hidden.
const HIDDEN: f64 = 0.5;

/// Hides cells of all images of a batch, planes `[len, 3, height, width]`, with the probability `share`; otherwise the
/// batch stays as it is. The cells of each image are chosen separately.
pub(super) fn apply(
    share: f64,
    images: &mut [f32],
    [height, width]: [usize; 2],
    rng: &mut impl Rng,
) {
    if rng.random::<f64>() >= share {
        return;
    }
    for image in images.chunks_exact_mut(3 * height * width) {
        let hidden: [bool; CELLS * CELLS] = std::array::from_fn(|_| rng.random_bool(HIDDEN));
        for plane in image.chunks_exact_mut(height * width) {
            let mean = plane.iter().sum::<f32>() / plane.len() as f32;
            for (row, pixels) in plane.chunks_exact_mut(width).enumerate() {
                for (column, pixel) in pixels.iter_mut().enumerate() {
                    let cell = row * CELLS / height * CELLS + column * CELLS / width;
                    if hidden[cell] {
                        *pixel = mean;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    /// One image of 16 × 32 pixels, all different.
    fn image() -> Vec<f32> {
        (0..3 * 16 * 32).map(|value| value as f32).collect()
    }

    fn hidden(share: f64, seed: u64) -> Vec<f32> {
        let mut image = image();
        apply(share, &mut image, [16, 32], &mut Xoshiro256PlusPlus::seed_from_u64(seed));
        image
    }

    #[test]
    fn whole_cells_have_the_mean_colour() {
        for seed in 0..20 {
            let found = hidden(1.0, seed);
            let mut cells = [None; CELLS * CELLS];
            for (at, (found, before)) in found.iter().zip(image()).enumerate() {
                let (plane, row, column) = (at / 512, at % 512 / 32, at % 32);
                let is_hidden = *found != before;
                let mean = 512.0 * plane as f32 + 255.5;
                assert!(!is_hidden || *found == mean, "value {at} is {found}");
                let cell = &mut cells[row / 2 * CELLS + column / 4];
                assert_eq!(*cell.get_or_insert(is_hidden), is_hidden, "a part of a cell");
            }
            let count = cells.iter().filter(|cell| **cell == Some(true)).count();
            assert!((16..48).contains(&count), "{count} of 64 cells");
        }
    }

    #[test]
    fn it_happens_as_often_as_asked() {
        let count = (0..2000).filter(|&seed| hidden(0.25, seed) != image()).count();
        assert!((430..570).contains(&count), "{count} of 2,000");
        assert_eq!(hidden(0.0, 1), image(), "never by default");
    }
}
