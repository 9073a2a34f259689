//! A picture whose rows are computed, so that it is nowhere in memory as a whole: what a camera sends.

use runtime::camera::{PixelFormat, Size};

/// Size of the picture: QVGA.
pub const SIZE: Size = Size { width: 320, height: 240 };
/// As most sensors send pixels.
pub const FORMAT: PixelFormat = PixelFormat::Rgb565BigEndian;
/// Bytes of a row.
pub const ROW_LEN: usize = 2 * SIZE.width;

/// Writes row `y` of picture `index`: rings around a centre that moves from picture to picture, with a gradient
/// of another colour across them.
pub fn row(index: usize, y: usize, bytes: &mut [u8; ROW_LEN]) {
    let (pixels, _) = bytes.as_chunks_mut::<2>();
    let dy = y.abs_diff(37 * index % SIZE.height);
    for (x, pixel) in pixels.iter_mut().enumerate() {
        let dx = x.abs_diff(53 * index % SIZE.width);
        let ring = (dx * dx + dy * dy) >> 7;
        let (red, green, blue) = (ring & 31, (x + y + 11 * index) >> 3 & 63, ring >> 5 & 31);
        *pixel = ((red << 11 | green << 5 | blue) as u16).to_be_bytes();
    }
}
