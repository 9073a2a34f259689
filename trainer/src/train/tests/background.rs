//! Training with replaced backgrounds.

use super::*;
use crate::evidence::{Half, evidence};
use burn::tensor::{Tensor, TensorData};
use runtime::explain::Tiling;

/// Trains with a new background in every image of a share of the batches.
fn trained(background: Option<f64>, config: VitConfig, out: &Path) -> Result<Outcome> {
    let recipe = Recipe { background, ..recipe() };
    run_in_parts::<Flex>(&recipe, config, recipe.batch_size, out)
}

/// The mean cross-entropy of test images of which the half with the least evidence is from the image after them.
fn loss_in_front_of_others(outcome: &Outcome) -> f64 {
    let device = Default::default();
    let best = crate::checkpoint::load::<Flex>(&outcome.checkpoint, &device).unwrap();
    let (images, tiling) = (dataset().test, Tiling::of(&best.config).unwrap());
    let classes: Vec<usize> = images.labels().iter().map(|&label| label.into()).collect();
    let maps =
        evidence((&best.model, &best.config), &images, &classes, best.normalisation, &device);
    let mut planes = vec![0.0; images.len() * images.image_len()];
    let new = planes.chunks_exact_mut(images.image_len()).zip(maps.unwrap().maps);
    for (index, (planes, map)) in new.enumerate() {
        let least = Half::Least.of(&map);
        let other = images.image((index + 1) % images.len());
        let pixel = |(at, (own, other)): (usize, (&u8, &u8))| {
            let token = tiling.token_at(at / 24, at / 3 % 8).unwrap();
            if least[token] { *other } else { *own }
        };
        let pixels = images.image(index).iter().zip(other).enumerate().map(pixel);
        best.normalisation.to_planes(&pixels.collect::<Vec<_>>(), planes);
    }
    let input = TensorData::new(planes, [images.len(), 3, 8, 8]);
    let logits = best.model.forward(Tensor::<Flex, 4>::from_data(input, &device));
    let found = burn::tensor::activation::log_softmax(logits, 1).into_data().to_vec::<f32>();
    let found = found.unwrap();
    let losses =
        classes.iter().enumerate().map(|(image, class)| -f64::from(found[image * 3 + class]));
    losses.sum::<f64>() / images.len() as f64
}

#[test]
fn an_object_is_found_in_front_of_another_image() {
    let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let taught = loss_in_front_of_others(&trained(Some(1.0), config(), with.path()).unwrap());
    let untaught = loss_in_front_of_others(&trained(None, config(), without.path()).unwrap());
    assert!(taught < 0.95 * untaught, "{taught} with new backgrounds, {untaught} without");
}

#[test]
fn a_network_without_maps_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let flat = VitSpec { pool: Pool::Flatten, ..config().spec().clone() };
    let hidden = VitSpec { hidden: [5].into_iter().collect(), ..config().spec().clone() };
    for spec in [flat, hidden] {
        let error = trained(Some(0.5), VitConfig::new(spec).unwrap(), out.path()).unwrap_err();
        assert!(error.to_string().contains("--replace-background"), "{error}");
    }
}
