//! Patches of the image as rows of i8.

use crate::config::PatchOrder;

/// Copies patch `token` of side `size` from an RGB image of `width` pixels a row, shifting bytes to
/// i8 (`q = u8 − 128`).
pub(super) fn gather(
    image: &[u8],
    width: usize,
    (size, order): (usize, PatchOrder),
    token: usize,
    patch: &mut [i8],
) {
    match order {
        PatchOrder::Row => shift(patch, image.get(token * patch.len()..).unwrap_or(&[])),
        PatchOrder::Grid => {
            let columns = (width / size.max(1)).max(1);
            let (row, column) = (token / columns * size, token % columns * size);
            for (line, patch) in patch.chunks_exact_mut((3 * size).max(1)).enumerate() {
                let start = 3 * ((row + line) * width + column);
                shift(patch, image.get(start..).unwrap_or(&[]));
            }
        }
    }
}

/// `q = u8 − 128` for each byte.
pub(super) fn shift(to: &mut [i8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = (from ^ 0x80).cast_signed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_order_takes_squares_and_row_order_runs() {
        // 4 × 4 pixels; the red value is the pixel's number, the others are 128 (q = 0).
        let image: Vec<u8> = (0..16).flat_map(|pixel| [128 + pixel, 128, 128]).collect();
        let reds = |order, token| {
            let mut patch = [0i8; 12];
            gather(&image, 4, (2, order), token, &mut patch);
            [patch[0], patch[3], patch[6], patch[9]]
        };
        assert_eq!(reds(PatchOrder::Grid, 0), [0, 1, 4, 5], "the first square");
        assert_eq!(
            reds(PatchOrder::Grid, 3),
            [10, 11, 14, 15],
            "the last square"
        );
        assert_eq!(reds(PatchOrder::Row, 0), [0, 1, 2, 3], "the first row");
        assert_eq!(reds(PatchOrder::Row, 3), [12, 13, 14, 15], "the last row");
    }
}
