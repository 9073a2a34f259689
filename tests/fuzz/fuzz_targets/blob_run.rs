//! A blob that parses runs to the end under every kernel set and gives the same bits each time. The arena
//! has exactly the size that the model needs, any alignment, and arbitrary contents.

#![no_main]

use fuzz::attempt::{Kind, blob, image, is_small, run};
use libfuzzer_sys::{Corpus, fuzz_target};
use runtime::{Attributes, Kernels, Model, Output};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((kind, bytes)) = blob(data) else { return Corpus::Reject };
    let ran = match kind {
        Kind::Int8 => int8(&bytes),
        Kind::F16 => f16(&bytes),
    };
    if ran { Corpus::Keep } else { Corpus::Reject }
});

/// Whether the blob parses and is small enough to be run.
fn int8(bytes: &[u8]) -> bool {
    let Ok(model) = Model::parse(bytes) else { return false };
    if !is_small(&model) {
        return false;
    }
    let attributes = Attributes::parse(&model).ok().flatten();
    let mut map = vec![0; model.config().tokens()];
    let image = image(&model, u64::from(bytes[12]) << 8 | u64::from(bytes[13]));
    let mut first = None;
    for (index, kernels) in Kernels::all().enumerate() {
        let model = model.clone().with_kernels(kernels);
        // One block for each run, so that a byte beyond its end is out of bounds. The contents that an
        // earlier run left are not cleared.
        let mut storage = vec![0x5A; model.arena_len() + index % 4];
        let arena = &mut storage[index % 4..];
        for _ in 0..2 {
            let answer = run(&model, &image, arena, |output| {
                let probabilities: Vec<u16> = output.probabilities().collect();
                let attributes = attributes.map(|attributes| all_of(output, &attributes, &mut map));
                (output.logits().to_vec(), output.embedding().to_vec(), probabilities, attributes)
            });
            let expected = first.get_or_insert_with(|| answer.clone());
            assert_eq!(&answer, expected, "{kernels:?} differs from the scalar kernels");
        }
    }
    true
}

/// Logit, probability and bias of every attribute. The bias is what the evidence leaves of the logit.
fn all_of(
    output: &Output<'_>,
    attributes: &Attributes<'_>,
    map: &mut [i32],
) -> Vec<(i32, u16, i32)> {
    let found = output.attributes(attributes).expect("the attributes of the model");
    let mut all = Vec::new();
    for (index, attribute) in found.enumerate() {
        output.attribute_evidence(attributes, index, map).expect("an attribute");
        let bias = attribute.logit - map.iter().sum::<i32>();
        assert!(bias.abs() <= 1 << 30, "a bias of {bias}");
        all.push((attribute.logit, attribute.probability, bias));
    }
    all
}

fn f16(bytes: &[u8]) -> bool {
    let Ok(model) = Model::parse_f16(bytes) else { return false };
    if !is_small(&model) {
        return false;
    }
    let image = image(&model, bytes[12].into());
    let mut arena = vec![0x5A; model.arena_len()];
    let mut bits = || {
        run(&model, &image, &mut arena, |output| {
            output.logits().iter().map(|logit| logit.to_bits()).collect::<Vec<_>>()
        })
    };
    assert_eq!(bits(), bits(), "the arena's contents decide");
    true
}
