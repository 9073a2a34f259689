//! Rows in any order, number and length. Rows of the wrong length and rows beyond the last are refused and
//! change nothing. The result of the others has the same bits as a run on the image that they form.

#![no_main]

use fuzz::attempt::{is_small, run};
use fuzz::supply::Supply;
use kit::draw::Draw;
use kit::rng::Rng;
use kit::{image, specs, synthetic};
use libfuzzer_sys::fuzz_target;
use runtime::{Model, RunError};

fuzz_target!(|data: &[u8]| {
    let mut supply = Supply::new(data);
    let seed = supply.word().into();
    let rng = &mut Rng::new(seed);
    let config = if supply.flip() { specs::long_stem(rng) } else { specs::random(rng) };
    let blob = synthetic::blob(&config, seed);
    let model = Model::parse(&blob).expect("a valid blob");
    if !is_small(&model) {
        return;
    }
    let (grid, len) = (config.image(), 3 * config.image().width);
    let picture = image::random(grid, seed);
    // The rows that were taken, from top to bottom.
    let mut taken = Vec::new();
    let mut arena = vec![0x5A; model.arena_len()];
    let mut stream = model.stream(&mut arena).expect("an arena of the length asked for");
    for _ in 0..supply.length(0, 2 * grid.height + 2) {
        let row = picture.chunks(len).nth(supply.length(0, grid.height - 1)).expect("inside");
        let given = match supply.byte() % 8 {
            0 => &row[..supply.length(0, len - 1)],
            _ => row,
        };
        let full = taken.len() == grid.len();
        match stream.row(given) {
            Ok(()) => taken.extend_from_slice(given),
            Err(RunError::Row { found, expected }) => {
                assert!(found == given.len() && expected == len && found != len, "{found} bytes");
            }
            Err(RunError::Rows { found, expected }) => {
                assert!(
                    full && found == grid.height + 1 && expected == grid.height,
                    "{found} rows"
                );
            }
            Err(error) => panic!("{error}"),
        }
        assert_eq!(stream.rows() * len, taken.len(), "rows that were taken");
    }
    let rows = stream.rows();
    let found = match stream.finish() {
        Ok(output) => output.logits().to_vec(),
        Err(error) => {
            assert_eq!(error, RunError::Rows { found: rows, expected: grid.height });
            return;
        }
    };
    let expected = run(&model, &taken, &mut arena, |output| output.logits().to_vec());
    assert_eq!(found, expected, "row by row");
    let mut whole = vec![0x5A; model.arena_len_fast()];
    let expected = run(&model, &taken, &mut whole, |output| output.logits().to_vec());
    assert_eq!(found, expected, "whole tensors");
});
