//! Images of two halves: where a network finds the class of each.

use super::*;
use crate::data::mix::{Mix, Rectangle};
use crate::train::regions::Regions;
use burn::tensor::{Tensor, TensorData, cast::ToElement};

const SIDES: [usize; 2] = [8, 8];

/// Trains with a rectangle pasted into every image.
fn trained(region_loss: Option<f64>, config: VitConfig, out: &Path) -> Result<Outcome> {
    let mix = Mix { cutmix: 1.0, ..Mix::default() };
    let recipe = Recipe { mix, region_loss, ..recipe() };
    run_in_parts::<Flex>(&recipe, config, recipe.batch_size, out)
}

/// The mean cross-entropy of the halves of test images whose right half is another image's, each by
/// its own tokens.
fn loss_of_halves(outcome: &Outcome) -> f64 {
    let device = Default::default();
    let best = crate::checkpoint::load::<Flex>(&outcome.checkpoint, &device).unwrap();
    let (images, len) = (dataset().test, 8 * 8 * 3);
    let halves = |index: usize| {
        let pixel = |at: usize| if at / 3 % 8 < 4 { index } else { (index + 1) % images.len() };
        (0..len).map(|at| images.image(pixel(at))[at]).collect::<Vec<_>>()
    };
    let count = images.len();
    let mut planes = vec![0.0; count * len];
    for (index, planes) in planes.chunks_exact_mut(len).enumerate() {
        best.normalisation.to_planes(&halves(index), planes);
    }
    let input = Tensor::<Flex, 4>::from_data(TensorData::new(planes, [count, 3, 8, 8]), &device);
    let (_, tokens) = best.model.forward_with_tokens(input);
    let regions = Regions::new(&Rectangle { rows: 0..8, columns: 4..8 }, SIDES, [2, 2]).unwrap();
    let logits = best.model.head_logits(regions.pool(tokens));
    let found = burn::tensor::activation::log_softmax(logits, 2).into_data().to_vec::<f32>();
    let found = found.unwrap();
    let label = |index: usize| usize::from(images.label(index % count));
    let losses = (0..2 * count).map(|row| -f64::from(found[row * 3 + label(row / 2 + row % 2)]));
    losses.sum::<f64>() / (2 * count) as f64
}

#[test]
fn regions_learn_their_own_labels() {
    let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let taught = loss_of_halves(&trained(Some(1.0), config(), with.path()).unwrap());
    let untaught = loss_of_halves(&trained(None, config(), without.path()).unwrap());
    assert!(taught < 0.95 * untaught, "{taught} with the regions' loss, {untaught} without");
}

#[test]
fn a_network_without_a_grid_of_tokens_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let spec = VitSpec { pool: Pool::Flatten, ..config().spec().clone() };
    let error = trained(Some(1.0), VitConfig::new(spec).unwrap(), out.path()).unwrap_err();
    assert!(error.to_string().contains("--region-loss"), "{error}");
}

#[test]
fn a_region_is_the_mean_of_its_tokens() {
    // The right column and a half of the left one.
    let regions = Regions::new(&Rectangle { rows: 0..8, columns: 2..8 }, SIDES, [2, 2]).unwrap();
    assert_eq!(regions.shares(), [0.25, 0.75], "shares of the image");
    let tokens = TensorData::new(vec![1.0f32, 10.0, 3.0, 20.0], [1, 4, 1]);
    let pooled = regions.pool(Tensor::<Flex, 3>::from_data(tokens, &Default::default()));
    let found = pooled.into_data().iter::<f32>().map(|value| value.to_f64()).collect::<Vec<_>>();
    let expected = [2.0, (0.5 * 1.0 + 10.0 + 0.5 * 3.0 + 20.0) / 3.0];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-5, "{found}, expected {expected}");
    }
    let whole = Rectangle { rows: 0..8, columns: 0..8 };
    assert!(Regions::new(&whole, SIDES, [2, 2]).is_none(), "nothing is left of the image");
}
