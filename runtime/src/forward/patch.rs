//! Patches of the image as rows of activations.

use crate::config::PatchOrder;
use crate::rows::{rows_mut, tail};

/// Calls `load` for each run of consecutive bytes of patch `token`: with the image from that run on, and
/// with the part of `patch` to fill. Patches have side `size`. The image is RGB with `width` pixels per
/// row.
pub(super) fn gather<T>(
    image: &[u8],
    width: usize,
    size: usize,
    order: PatchOrder,
    token: usize,
    patch: &mut [T],
    mut load: impl FnMut(&[u8], &mut [T]),
) {
    match order {
        PatchOrder::Row => load(tail(image, token * patch.len()), patch),
        PatchOrder::Grid => {
            let columns = (width / size.max(1)).max(1);
            let (row, column) = (token / columns * size, token % columns * size);
            for (line, patch) in rows_mut(patch, 3 * size).enumerate() {
                let start = 3 * ((row + line) * width + column);
                load(tail(image, start), patch);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_order_takes_squares_and_row_order_runs() {
        // 4 × 4 pixels; the red value is the pixel's number.
        let image: Vec<u8> = (0..16).flat_map(|pixel| [pixel, 128, 128]).collect();
        let reds = |order, token| {
            let mut patch = [0u8; 12];
            gather(&image, 4, 2, order, token, &mut patch, |from, to| {
                to.copy_from_slice(&from[..to.len()]);
            });
            [patch[0], patch[3], patch[6], patch[9]]
        };
        assert_eq!(reds(PatchOrder::Grid, 0), [0, 1, 4, 5], "the first square");
        assert_eq!(reds(PatchOrder::Grid, 3), [10, 11, 14, 15], "the last square");
        assert_eq!(reds(PatchOrder::Row, 0), [0, 1, 2, 3], "the first row");
        assert_eq!(reds(PatchOrder::Row, 3), [12, 13, 14, 15], "the last row");
    }
}
