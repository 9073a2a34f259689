//! An image that is given row by row gives the same bits as a whole image. Wrong rows are refused.

use kit::rng::Rng;
use kit::{image, specs, synthetic};
use runtime::{Kernels, Model, RunError};

/// Networks of random shapes with random images.
fn networks(count: u64) -> impl Iterator<Item = (Vec<u8>, u64)> {
    (0..count).map(|seed| {
        let rng = &mut Rng::new(seed);
        let config = if seed % 4 == 3 { specs::long_stem(rng) } else { specs::random(rng) };
        (synthetic::blob(&config, seed), seed)
    })
}

#[test]
fn rows_give_the_bits_of_whole_tensors_for_random_shapes() {
    for (blob, seed) in networks(300) {
        let model = Model::parse(&blob).unwrap();
        let grid = model.config().image();
        let bytes = image::random(grid, seed);
        let mut whole = vec![0; model.arena_len_fast()];
        let mut rows = vec![0xA5; model.arena_len()];
        for kernels in Kernels::all() {
            let model = model.clone().with_kernels(kernels);
            let expected = model.run(&bytes, &mut whole).unwrap().logits().to_vec();
            let name = format!("network {seed}, {}", kernels.name);
            let found = model.run(&bytes, &mut rows).unwrap();
            assert_eq!(found.logits(), expected, "{name}: row by row");
            rows.fill(0x5A);
            let mut stream = model.stream(&mut rows).unwrap();
            for row in bytes.chunks(3 * grid.width) {
                stream.row(row).unwrap();
            }
            assert_eq!(stream.finish().unwrap().logits(), expected, "{name}: given row by row");
        }
    }
}

#[test]
fn rows_that_do_not_belong_are_refused_and_change_nothing() {
    for (blob, seed) in networks(20) {
        let model = Model::parse(&blob).unwrap();
        let grid = model.config().image();
        let bytes = vec![seed as u8; grid.len()];
        let (mut arena, len) = (vec![0; model.arena_len()], 3 * grid.width);
        let expected = model.run(&bytes, &mut arena).unwrap().logits().to_vec();
        let mut stream = model.stream(&mut arena).unwrap();
        for (y, row) in bytes.chunks(len).enumerate() {
            let long = vec![0; len + 1];
            assert_eq!(
                stream.row(&long).unwrap_err(),
                RunError::Row { found: len + 1, expected: len },
                "a long row"
            );
            assert!(stream.row(&row[1..]).is_err(), "a short row");
            assert_eq!(stream.rows(), y, "rows so far");
            stream.row(row).unwrap();
        }
        let (found, expected_rows) = (grid.height + 1, grid.height);
        assert_eq!(
            stream.row(&bytes[..len]).unwrap_err(),
            RunError::Rows { found, expected: expected_rows },
            "a row too many"
        );
        assert_eq!(stream.finish().unwrap().logits(), expected, "as without the wrong rows");
        if grid.height > 1 {
            let mut stream = model.stream(&mut arena).unwrap();
            stream.row(&bytes[..len]).unwrap();
            assert_eq!(
                stream.finish().unwrap_err(),
                RunError::Rows { found: 1, expected: grid.height },
                "rows are missing"
            );
        }
        assert_eq!(model.run(&bytes, &mut arena).unwrap().logits(), expected, "used again");
    }
    let (blob, _) = networks(1).next().unwrap();
    let model = Model::parse(&blob).unwrap();
    let mut short = vec![0; model.arena_len() - 1];
    assert!(matches!(model.stream(&mut short), Err(RunError::Arena { .. })), "a short arena");
}
