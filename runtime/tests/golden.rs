//! The trained golden blob under every kernel set of the target: its logits, its evidence and its objects
//! on the 1,000 built-in test images hash to the published values.

use kit::embedded::test_images;
use kit::explained::{self, Room};
use kit::fnv::Fnv1a;
use runtime::explain::Tiling;
use runtime::{Kernels, Model, Output};

const BLOB: &[u8] = include_bytes!("../../tests/golden/v1/micro.bin");
const PUBLISHED: &str = include_str!("../../tests/golden/v1/micro.logits");
const EVIDENCE: &str = include_str!("../../tests/golden/v1/micro.evidence");
const OBJECTS: &str = include_str!("../../tests/golden/v1/micro.objects");
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
        let [mut logits, mut evidence, mut objects] = [Fnv1a::new(); 3];
        for answer in answers {
            logits.extend(answer.logits);
            evidence.extend(answer.evidence);
            objects.extend(answer.objects);
        }
        assert_eq!(logits.to_string(), PUBLISHED.trim_end(), "{}; {REGENERATE}", kernels.name);
        assert_eq!(evidence.to_string(), EVIDENCE.trim_end(), "{}; {REGENERATE}", kernels.name);
        assert_eq!(objects.to_string(), OBJECTS.trim_end(), "{}; {REGENERATE}", kernels.name);
    }
}

/// What a network returns for one image.
struct Answer {
    class: usize,
    logits: Vec<i32>,
    /// `[classes, tokens]`.
    evidence: Vec<i32>,
    /// The halves of the hash of the objects of this image alone.
    objects: [i32; 2],
}

/// The answers for all images, on all cores if the target has threads.
fn answers(model: &Model<'_>, pixels: &[u8]) -> Vec<Answer> {
    let (tokens, tiling) = (model.config().tokens(), Tiling::of(model.config()).unwrap());
    let answer = |output: Output<'_>| {
        let (class, logits) = (output.class(), output.logits().to_vec());
        let mut evidence = vec![0; logits.len() * tokens];
        for (class, out) in evidence.chunks_exact_mut(tokens).enumerate() {
            output.evidence(class, out).unwrap();
        }
        let (mut map, mut labels, mut bytes) = (vec![0; tokens], vec![0; tokens], vec![0; tokens]);
        let mut room = Room { map: &mut map, labels: &mut labels, bytes: &mut bytes };
        let objects = explained::objects(&output, &tiling, &mut room).unwrap();
        Answer { class, logits, evidence, objects }
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
