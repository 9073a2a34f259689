//! One stage in each call gives the bits of a whole run.

use runtime::{Model, RunError, Step};

const BLOBS: [(&[u8], &[u8]); 2] = [
    (
        include_bytes!("../../tests/golden/v1/tiny.bin"),
        include_bytes!("../../tests/golden/v1/tiny.rgb"),
    ),
    (
        include_bytes!("../../tests/golden/v1/tiny_seed.bin"),
        include_bytes!("../../tests/golden/v1/tiny_seed.rgb"),
    ),
];

#[test]
fn stages_add_up_to_a_run() {
    for (blob, image) in BLOBS {
        let model = Model::parse(blob).unwrap();
        let mut arena = vec![0; model.arena_len()];
        let whole = model.run(image, &mut arena).unwrap();
        let (logits, embedding) = (whole.logits().to_vec(), whole.embedding().to_vec());
        // Twice, the second time in an arena with other contents.
        let mut step = Step::default();
        for byte in [0, 0xA5] {
            arena.fill(byte);
            let mut calls = 1;
            let found = loop {
                // Copied, because the next call needs the arena.
                let output = model.run_step(image, &mut arena, &mut step).unwrap();
                if let Some(output) = output {
                    break (output.logits().to_vec(), output.embedding().to_vec());
                }
                calls += 1;
            };
            assert_eq!(found, (logits.clone(), embedding.clone()), "logits and embedding");
            assert_eq!(step, Step::default(), "ready for the next image");
            // A call for each row of the image or of patches, for both halves of a block, for the head.
            assert!(calls > 2 * model.config().depth() + 2, "{calls} calls");
        }
    }
}

#[test]
fn a_call_that_fails_leaves_the_step() {
    let (blob, image) = BLOBS[0];
    let model = Model::parse(blob).unwrap();
    let mut arena = vec![0; model.arena_len()];
    let mut step = Step::default();
    assert!(model.run_step(image, &mut arena, &mut step).unwrap().is_none());
    let before = step;
    let short = model.run_step(&image[1..], &mut arena, &mut step).unwrap_err();
    assert!(matches!(short, RunError::Image { .. }), "{short}");
    let small = model.run_step(image, &mut arena[1..], &mut step).unwrap_err();
    assert!(matches!(small, RunError::Arena { .. }), "{small}");
    assert_eq!(step, before);
}
