//! The test images that come with the trainer.

use image::ImageFormat::WebP;

const STRIPS: [&[u8]; 2] = [
    include_bytes!("../../../trainer/assets/test_0.webp"),
    include_bytes!("../../../trainer/assets/test_1.webp"),
];
/// A digit for each image.
const LABELS: &str = include_str!("../../../trainer/assets/test_labels.txt");

/// The first 1,000 test images of CIFAR-10.
#[derive(Clone, Debug)]
pub struct TestImages {
    /// Bytes of all images in the order image, row, column, channel.
    pub pixels: Vec<u8>,
    /// The class of each image.
    pub labels: Vec<usize>,
}

/// Decodes the images.
///
/// # Panics
/// If the files that come with the source are damaged.
pub fn test_images() -> TestImages {
    let decode = |strip: &&[u8]| image::load_from_memory_with_format(strip, WebP).expect("WebP");
    let pixels: Vec<u8> =
        STRIPS.iter().flat_map(|strip| decode(strip).into_rgb8().into_raw()).collect();
    let digits = LABELS.chars().filter_map(|digit| digit.to_digit(10));
    let labels: Vec<usize> = digits.map(|digit| digit as usize).collect();
    assert_eq!((pixels.len(), labels.len()), (3_072_000, 1000), "pixels and labels");
    TestImages { pixels, labels }
}
