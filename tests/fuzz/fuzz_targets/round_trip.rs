//! A blob that is decoded and written again is the same network: it parses, gives the same logits, and
//! does not change when it is written once more.

#![no_main]

use fuzz::attempt::{Kind, blob, image, is_small, run};
use fuzz::decode;
use libfuzzer_sys::{Corpus, fuzz_target};
use runtime::Model;

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((Kind::Int8, first)) = blob(data) else { return Corpus::Reject };
    let Ok(model) = Model::parse(&first) else { return Corpus::Reject };
    let second = decode::network(&first).to_bytes();
    // The writer writes the shortest varints. If the first blob had longer ones, the second blob is shorter.
    assert!(second.len() <= first.len(), "{} bytes became {}", first.len(), second.len());
    if second.len() == first.len() {
        assert_eq!(second, first, "the same length, other bytes");
    }
    let again = Model::parse(&second).expect("what was written must parse");
    assert_eq!(again.config(), model.config(), "another description");
    assert_eq!(decode::network(&second).to_bytes(), second, "written twice");
    if is_small(&model) {
        let image = image(&model, first[12].into());
        assert_eq!(logits(&again, &image), logits(&model, &image), "other logits");
    }
    Corpus::Keep
});

fn logits(model: &Model<'_>, image: &[u8]) -> Vec<i32> {
    let mut arena = vec![0; model.arena_len()];
    run(model, image, &mut arena, |output| output.logits().to_vec())
}
