//! Images with areas, edges, noise and the darkest and brightest bytes.

use crate::rng::Rng;
use runtime::config::Grid;

/// Bytes of an RGB image in the order row, column, channel.
///
/// # Panics
/// If the image has more than `i64::MAX` pixels.
#[cfg(feature = "std")]
pub fn random(grid: Grid, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; grid.len()];
    fill(grid, seed, &mut bytes);
    bytes
}

/// Writes the bytes of such a random image to `bytes`.
///
/// # Panics
/// If `bytes` is not as long as the image, or the image has more than `i64::MAX` pixels.
pub fn fill(grid: Grid, seed: u64, bytes: &mut [u8]) {
    assert_eq!(bytes.len(), grid.len(), "bytes of the image");
    let mut rng = Rng::new(seed);
    for byte in &mut *bytes {
        *byte = rng.pick(90, 160);
    }
    let side = |len: usize| i64::try_from(len).expect("a side in pixels");
    // Rectangles one over the other, each with a colour and noise.
    for _ in 0..6 {
        let colour: [i64; 3] = core::array::from_fn(|_| rng.between(-20, 275));
        let noise = rng.between(0, 40);
        let top = rng.between(0, side(grid.height) - 1);
        let left = rng.between(0, side(grid.width) - 1);
        let bottom = rng.between(top, side(grid.height) - 1);
        let right = rng.between(left, side(grid.width) - 1);
        for y in top..=bottom {
            for x in left..=right {
                for (channel, &value) in colour.iter().enumerate() {
                    let value = (value + rng.between(-noise, noise)).clamp(0, 255);
                    let at = usize::try_from(y * side(grid.width) + x).expect("inside") * 3;
                    bytes[at + channel] = u8::try_from(value).expect("clamped");
                }
            }
        }
    }
}
