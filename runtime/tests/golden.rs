//! The trained golden blob under every kernel set of the target: its logits and its evidence on the
//! 1,000 built-in test images hash to the published values.

use kit::embedded::test_images;
use kit::fnv::Fnv1a;
use runtime::{Kernels, Model, Output};

const BLOB: &[u8] = include_bytes!("../../tests/golden/v1/micro.bin");
const PUBLISHED: &str = include_str!("../../tests/golden/v1/micro.logits");
const EVIDENCE: &str = include_str!("../../tests/golden/v1/micro.evidence");
const REGENERATE: &str = "`cargo run -p tests --bin regen_golden -- --micro model.bin` writes it";

#[test]
fn every_set_gives_the_published_hashes() {
    let images = test_images();
    let model = Model::parse(BLOB).unwrap();
    for kernels in Kernels::all() {
        let answers = answers(&model.clone().with_kernels(kernels), &images.pixels);
        let right =
            answers.iter().zip(&images.labels).filter(|(answer, label)| answer.class == **label);
        let right = right.count();
        // A trained network reaches this, with a margin for another checkpoint.
        assert!(right >= 500, "{}: {right} of {} correct", kernels.name, answers.len());
        let (mut logits, mut evidence) = (Fnv1a::new(), Fnv1a::new());
        for answer in answers {
            logits.extend(answer.logits);
            evidence.extend(answer.evidence);
        }
        assert_eq!(logits.to_string(), PUBLISHED.trim_end(), "{}; {REGENERATE}", kernels.name);
        assert_eq!(evidence.to_string(), EVIDENCE.trim_end(), "{}; {REGENERATE}", kernels.name);
    }
}

/// What a network returns for one image.
struct Answer {
    class: usize,
    logits: Vec<i32>,
    /// `[classes, tokens]`.
    evidence: Vec<i32>,
}

/// The answers for all images, on all cores if the target has threads.
fn answers(model: &Model<'_>, pixels: &[u8]) -> Vec<Answer> {
    let answer = |output: Output<'_>| {
        let (class, logits) = (output.class(), output.logits().to_vec());
        let mut evidence = vec![0; logits.len() * model.config().tokens()];
        for (class, out) in evidence.chunks_exact_mut(model.config().tokens()).enumerate() {
            output.evidence(class, out).unwrap();
        }
        Answer { class, logits, evidence }
    };
    #[cfg(feature = "rayon")]
    return model.run_batch(pixels, answer).unwrap();
    #[cfg(not(feature = "rayon"))]
    {
        let mut arena = vec![0; model.arena_len()];
        let images = pixels.chunks_exact(model.config().image().len());
        images.map(|image| answer(model.run(image, &mut arena).unwrap())).collect()
    }
}
