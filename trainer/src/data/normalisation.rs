//! From the bytes of pixels to the input of a network.

use runtime::config::IMAGE_CHANNELS;
use serde::{Deserialize, Serialize};

/// Mean and standard deviation of each channel, of pixels scaled to 0..=1:
/// `input = (pixel / 255 − mean) / std`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// Mean of red, green and blue.
    pub mean: [f32; IMAGE_CHANNELS],
    /// Standard deviation of red, green and blue; positive.
    pub std: [f32; IMAGE_CHANNELS],
}

impl Normalisation {
    /// The constants of the 50,000 training images of CIFAR-10.
    pub const CIFAR10: Self =
        Self { mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616] };

    /// No normalisation: the input is the byte of the pixel, 0 to 255.
    pub const PIXELS: Self = Self { mean: [0.0; 3], std: [1.0 / 255.0; 3] };

    /// Normalises one image from `[height, width, 3]` bytes to `[3, height, width]` numbers.
    ///
    /// # Panics
    /// If `planes` is not as long as `image`, or the length is not a multiple of 3.
    pub fn to_planes(&self, image: &[u8], planes: &mut [f32]) {
        assert_eq!(image.len(), planes.len(), "as many numbers as bytes");
        let (pixels, rest) = image.as_chunks::<IMAGE_CHANNELS>();
        assert!(rest.is_empty(), "whole pixels");
        for (channel, plane) in planes.chunks_exact_mut(pixels.len().max(1)).enumerate() {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            for (real, pixel) in plane.iter_mut().zip(pixels) {
                *real = (f32::from(pixel[channel]) / 255.0 - mean) / std;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_become_planes() {
        let unit = Normalisation { mean: [0.0, 1.0, 0.5], std: [1.0, 1.0, 0.25] };
        let mut planes = [f32::NAN; 6];
        unit.to_planes(&[255, 0, 0, 51, 255, 255], &mut planes);
        assert_eq!(planes, [1.0, 0.2, -1.0, 0.0, -2.0, 2.0], "red, green, blue planes");
    }
}
