//! The trained golden blob under every kernel set of the target: its logits on the 1,000 embedded
//! test images hash to the published value.

use kit::embedded::test_images;
use kit::fnv::Fnv1a;
use runtime::{Kernels, Model, Output};

const BLOB: &[u8] = include_bytes!("../../tests/golden/v1/micro.bin");
const PUBLISHED: &str = include_str!("../../tests/golden/v1/micro.logits");
const REGENERATE: &str = "`cargo run -p tests --bin regen_golden -- --micro model.bin` writes it";

#[test]
fn every_set_gives_the_published_logits() {
    let images = test_images();
    let model = Model::parse(BLOB).unwrap();
    for kernels in Kernels::all() {
        let answers = answers(&model.clone().with_kernels(kernels), &images.pixels);
        let right =
            answers.iter().zip(&images.labels).filter(|((_, class), label)| class == *label);
        let right = right.count();
        // What a trained network reaches, with room for another checkpoint.
        assert!(right >= 500, "{}: {right} of {} correct", kernels.name, answers.len());
        let mut hash = Fnv1a::new();
        for (logits, _) in answers {
            hash.extend(logits);
        }
        assert_eq!(hash.to_string(), PUBLISHED.trim_end(), "{}; {REGENERATE}", kernels.name);
    }
}

/// Logits and class of each image, on all cores where there are threads.
fn answers(model: &Model<'_>, pixels: &[u8]) -> Vec<(Vec<i32>, usize)> {
    let answer = |output: Output<'_>| (output.logits().to_vec(), output.class());
    #[cfg(feature = "rayon")]
    return model.run_batch(pixels, answer).unwrap();
    #[cfg(not(feature = "rayon"))]
    {
        let mut arena = vec![0; model.arena_len()];
        let images = pixels.chunks_exact(model.config().image().len());
        images.map(|image| answer(model.run(image, &mut arena).unwrap())).collect()
    }
}
