//! The trained golden blob under every kernel set of the target: its logits on the 1,000 embedded
//! test images hash to the published value.

use image::ImageFormat::WebP;
use kit::fnv::Fnv1a;
use runtime::{Kernels, Model};

const BLOB: &[u8] = include_bytes!("../../tests/golden/v1/micro.bin");
const PUBLISHED: &str = include_str!("../../tests/golden/v1/micro.logits");
const STRIPS: [&[u8]; 2] = [
    include_bytes!("../../trainer/assets/test_0.webp"),
    include_bytes!("../../trainer/assets/test_1.webp"),
];
/// A digit for each image.
const LABELS: &str = include_str!("../../trainer/assets/test_labels.txt");
const REGENERATE: &str = "`cargo run -p tests --bin regen_golden -- --micro model.bin` writes it";

#[test]
fn every_set_gives_the_published_logits() {
    let decode = |strip| image::load_from_memory_with_format(strip, WebP).unwrap();
    let pixels: Vec<u8> =
        STRIPS.iter().flat_map(|strip| decode(strip).into_rgb8().into_raw()).collect();
    let labels: Vec<_> = LABELS.chars().filter_map(|digit| digit.to_digit(10)).collect();
    assert_eq!(labels.len(), 1000, "labels");
    let model = Model::parse(BLOB).unwrap();
    for kernels in Kernels::all() {
        let answers = answers(&model.clone().with_kernels(kernels), &pixels);
        assert_eq!(answers.len(), 1000, "embedded test images");
        let correct = answers.iter().zip(&labels).filter(|((_, class), label)| class == *label);
        // What a network gets that was trained, with room for another choice of checkpoint.
        let correct = correct.count();
        assert!(correct >= 500, "{}: {correct} of 1000 correct", kernels.name);
        let mut hash = Fnv1a::new();
        for (logits, _) in answers {
            hash.extend(logits);
        }
        assert_eq!(hash.to_string(), PUBLISHED.trim_end(), "{}; {REGENERATE}", kernels.name);
    }
}

/// Logits and class of each image, on all cores where there are threads.
fn answers(model: &Model<'_>, pixels: &[u8]) -> Vec<(Vec<i32>, u32)> {
    let answer = |output: runtime::Output<'_>| {
        (output.logits().to_vec(), u32::try_from(output.class()).unwrap())
    };
    #[cfg(feature = "std")]
    return model.run_batch(pixels, answer).unwrap();
    #[cfg(not(feature = "std"))]
    {
        let mut arena = vec![0; model.arena_len()];
        let images = pixels.chunks_exact(model.config().image().len());
        images.map(|image| answer(model.run(image, &mut arena).unwrap())).collect()
    }
}
