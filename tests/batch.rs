//! A batch gives the results of single runs, in the order of its images.

use kit::image;
use kit::synthetic;
use runtime::config::Preset;
use runtime::{Model, RunError};

#[test]
fn a_batch_equals_single_runs_in_order() {
    let config = Preset::Nano.config(10).unwrap();
    let blob = synthetic::blob(&config, 3);
    let model = Model::parse(&blob).unwrap();
    let images: Vec<Vec<u8>> = (0..37).map(|seed| image::random(config.image(), seed)).collect();
    let mut arena = vec![0; model.arena_len()];
    let single: Vec<Vec<i32>> = images
        .iter()
        .map(|image| model.run(image, &mut arena).unwrap().logits().to_vec())
        .collect();
    let batch = model.run_batch(&images.concat(), |output| output.logits().to_vec()).unwrap();
    assert!(single.windows(2).any(|pair| pair[0] != pair[1]), "all images gave the same logits");
    assert_eq!(batch, single, "logits image by image");
    assert_eq!(model.run_batch(&[], |output| output.class()).unwrap(), [0; 0], "no image");
}

#[test]
fn an_incomplete_last_image_is_refused() {
    let config = Preset::Nano.config(10).unwrap();
    let blob = synthetic::blob(&config, 3);
    let model = Model::parse(&blob).unwrap();
    let len = config.image().len();
    let error = model.run_batch(&vec![0; 2 * len + 1], |output| output.class()).unwrap_err();
    assert_eq!(error, RunError::Image { found: 1, expected: len }, "one byte too many");
}
