//! Replaced backgrounds: the half of an image in which the network has the least evidence for the label gets other
//! pixels. The label stays, so that the network learns to find an object in front of any background, and to put its
//! evidence on the object.
//!
//! The network's own map decides, and not a random choice as in Hide-and-Seek. Random cells hide parts of the object
//! too, which costs accuracy on whole images.

use burn::tensor::Tensor;
use runtime::explain::Tiling;

use crate::data::batch::Part;
use crate::evidence::Half;
use crate::model::Vit;
use ops::VitBackend;

/// The images of a part, with the new backgrounds. `model` decides what the background is.
pub(super) fn replace<B: VitBackend>(
    model: &Vit<B>,
    tiling: &Tiling,
    images: Tensor<B, 4>,
    part: Part<'_>,
    backgrounds: &[f32],
) -> Vec<f32> {
    let [len, _, height, width] = images.dims();
    let maps = evidence(model, images, part.labels);
    let mut replaced = part.images.to_vec();
    let size = 3 * height * width;
    let backgrounds = backgrounds.chunks_exact(size);
    for ((image, background), map) in
        replaced.chunks_exact_mut(size).zip(backgrounds).zip(maps.chunks_exact(maps.len() / len))
    {
        let least = Half::Least.of(map);
        for at in 0..height * width {
            if tiling.token_at(at / width, at % width).is_some_and(|token| least[token]) {
                for value in (at..size).step_by(height * width) {
                    image[value] = background[value];
                }
            }
        }
    }
    replaced
}

/// The evidence of each token for the label of its image, `[len * tokens]`.
fn evidence<B: VitBackend>(model: &Vit<B>, images: Tensor<B, 4>, labels: &[i32]) -> Vec<f32> {
    let (_, tokens) = model.forward_with_tokens(images); // [len, tokens, dim]
    let [len, count, dim] = tokens.dims();
    let [head] = model.head.layers.as_slice() else {
        unreachable!("the run has checked that the head is one layer");
    };
    let labels = Tensor::from_ints(labels, &tokens.device());
    let weights = head.weight.val().select(1, labels); // [dim, len]
    let weights = weights.transpose().reshape([len, dim, 1]);
    let evidence = tokens.matmul(weights).reshape([len * count]);
    evidence.into_data().to_vec().expect("evidence is f32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Images, Normalisation};
    use crate::evidence;
    use crate::model::DropoutRates;
    use burn::tensor::TensorData;
    use burn_flex::Flex;
    use runtime::config::Preset;

    #[test]
    fn the_half_with_the_least_evidence_is_replaced() {
        let config = Preset::Vit64x4.config(10).unwrap();
        let tiling = Tiling::of(&config).unwrap();
        let device = Default::default();
        let model = Vit::<Flex>::new(&config, DropoutRates::default(), 1, &device);
        let pixels = (0..5 * 3072_u64).map(|at| (at * at / 7 % 251) as u8).collect();
        let images = Images::new(32, 32, pixels, vec![4, 0, 9, 9, 1]).unwrap();
        let normalisation = Normalisation::CIFAR10;
        let classes: Vec<usize> = images.labels().iter().copied().map(usize::from).collect();
        let maps = evidence::evidence((&model, &config), &images, &classes, normalisation, &device);
        let maps = maps.expect("a network with evidence").maps;
        let batch = crate::data::batch::sequential(&images, 5, normalisation).next().unwrap();
        let part = batch.parts(5).next().unwrap();
        let input = TensorData::new(batch.images.clone(), [5, 3, 32, 32]);
        let backgrounds: Vec<f32> = (0..5 * 3072).map(|at| 100.0 + at as f32).collect();
        let input = Tensor::from_data(input, &device);
        let found = replace(&model, &tiling, input, part, &backgrounds);
        for (at, &value) in found.iter().enumerate() {
            let (image, pixel) = (at / 3072, at % 1024);
            let token = tiling.token_at(pixel / 32, pixel % 32).unwrap();
            let map = &maps[image];
            let rank = map.iter().filter(|&&other| other < map[token]).count();
            let expected = if rank < 32 { backgrounds[at] } else { batch.images[at] };
            assert_eq!(value, expected, "value {at}, whose token has the rank {rank} of 64");
        }
    }
}
