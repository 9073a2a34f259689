//! The pixels of a record of CIFAR.

use super::size::SIDE;

pub(super) const PLANE_BYTES: usize = SIDE * SIDE;

/// Appends the pixels of a red, a green and a blue plane in the order row, column, channel.
pub(super) fn append_pixels(planes: &[u8], pixels: &mut Vec<u8>) {
    let (red, rest) = planes.split_at(PLANE_BYTES);
    let (green, blue) = rest.split_at(PLANE_BYTES);
    for ((&red, &green), &blue) in red.iter().zip(green).zip(blue) {
        pixels.extend_from_slice(&[red, green, blue]);
    }
}
