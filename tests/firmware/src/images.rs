//! Test images: ten photographs, and variants of them that cover the range of inputs.

/// The first ten test images of CIFAR-10: bytes in the order row, column, red-green-blue.
pub static PHOTOGRAPHS: &[[u8; 3072]; 10] = &photographs();

/// Writes test image `index`, any number, to `image`.
///
/// The first ten are the photographs, or as many of their bytes as `image` holds; after them come the same
/// images mirrored, inverted, with more and more noise, and of one colour.
pub fn test_image(index: usize, image: &mut [u8]) {
    let photographs = PHOTOGRAPHS.iter().cycle();
    let Some(photograph) = photographs.clone().nth(index % PHOTOGRAPHS.len()) else { return };
    let variant = index / PHOTOGRAPHS.len() % 10;
    let mut noise = Noise(index as u32);
    let len = image.len();
    for (at, (to, &byte)) in image.iter_mut().zip(photograph.iter().cycle()).enumerate() {
        *to = match variant {
            0 => byte,
            1 => photograph.get(len - 1 - at).copied().unwrap_or(byte),
            2 => !byte,
            // From one bit of noise to five.
            3..=7 => byte ^ (noise.next() & !(0xFF << (variant - 2))),
            8 => (index * 85) as u8,
            _ => noise.next(),
        };
    }
}

const fn photographs() -> [[u8; 3072]; 10] {
    let bytes = include_bytes!("../images/cifar10_test_0_9.rgb");
    let mut images = [[0; 3072]; 10];
    let mut at = 0;
    while at < bytes.len() {
        images[at / 3072][at % 3072] = bytes[at];
        at += 1;
    }
    images
}

/// A linear congruential generator.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 24) as u8
    }
}
