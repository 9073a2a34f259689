//! What each token adds to the logit of a class, in the float network.

mod within;

use burn::tensor::{Tensor, TensorData};
use runtime::config::{Pool, VitConfig};

use crate::data::{Images, Normalisation, batch};
use crate::model::Vit;
use ops::VitBackend;

/// Images of one forward pass.
const BATCH_SIZE: usize = 40;

/// Maps of evidence, one for each image: one value for each token, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// Rows and columns of tokens.
    pub grid: (u32, u32),
    /// `[images][tokens]`.
    pub maps: Vec<Vec<f32>>,
}

/// One half of the tokens of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// The half to which the map gives the smallest values.
    Least,
    /// The half to which the map gives the largest values.
    Most,
}

impl Half {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Least, Self::Most];

    /// Which tokens are in this half: half of them, rounded down.
    pub fn of(self, map: &[f32]) -> Vec<bool> {
        let mut order: Vec<usize> = (0..map.len()).collect();
        order.sort_by(|&a, &b| map[a].total_cmp(&map[b]));
        if self == Self::Most {
            order.reverse();
        }
        let mut chosen = vec![false; map.len()];
        order[..map.len() / 2].iter().for_each(|&token| chosen[token] = true);
        chosen
    }
}

/// The evidence for `classes[i]` in image `i`. The evidence of all tokens and the bias add up to the logit.
///
/// `None` if the class head of the network does not read the mean of its tokens, or they form no grid.
///
/// # Panics
/// If `classes` does not have one class of the network for each image, or the images have another size than the
/// network's input.
pub fn evidence<B: VitBackend>(
    network: (&Vit<B>, &VitConfig),
    images: &Images,
    classes: &[usize],
    normalisation: Normalisation,
    device: &B::Device,
) -> Option<Maps> {
    let tokens = |input| network.0.forward_with_tokens(input).1;
    maps(network, images, classes, normalisation, device, tokens)
}

/// As [`evidence`], but attention is masked: each token attends only to the tokens of its own part. `parts` has every
/// token once. Convolutions still read across the borders of parts.
///
/// # Panics
/// As [`evidence`], and if a token is in no part or in several.
pub fn masked_evidence<B: VitBackend>(
    network: (&Vit<B>, &VitConfig),
    images: &Images,
    classes: &[usize],
    normalisation: Normalisation,
    device: &B::Device,
    parts: &[Vec<usize>],
) -> Option<Maps> {
    let (model, config) = network;
    let mut all = parts.concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..config.tokens()), "every token is in one part");
    let tokens = |input| within::tokens((model, config.heads()), input, parts);
    maps(network, images, classes, normalisation, device, tokens)
}

/// The maps from the tokens `[batch, tokens, dim]` that `tokens` gives for images `[batch, 3, height, width]`.
fn maps<B: VitBackend>(
    (model, config): (&Vit<B>, &VitConfig),
    images: &Images,
    classes: &[usize],
    normalisation: Normalisation,
    device: &B::Device,
    tokens_of: impl Fn(Tensor<B, 4>) -> Tensor<B, 3>,
) -> Option<Maps> {
    assert_eq!(images.len(), classes.len(), "a class for each image");
    let grid = config.token_grid()?;
    let [head] = model.head.layers.as_slice() else { return None };
    if config.spec().pool != Pool::Mean {
        return None;
    }
    let weights = values(head.weight.val()); // [dim, classes]
    let (tokens, dim, outputs) = (config.tokens(), config.dim(), config.classes());
    let mut maps = Vec::new();
    for batch in batch::sequential(images, BATCH_SIZE, normalisation) {
        let shape = [batch.len, 3, images.height(), images.width()];
        let input = Tensor::from_data(TensorData::new(batch.images, shape), device);
        let x = values(tokens_of(input)); // [batch, tokens, dim]
        let first = maps.len();
        for (x, &class) in x.chunks_exact(tokens * dim).zip(&classes[first..]) {
            let part = |x: &[f32]| {
                let row = weights.iter().skip(class).step_by(outputs);
                x.iter().zip(row).map(|(x, w)| x * w).sum::<f32>() / tokens as f32
            };
            maps.push(x.chunks_exact(dim).map(part).collect());
        }
    }
    Some(Maps { grid: (grid.height as u32, grid.width as u32), maps })
}

fn values<B: VitBackend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().to_vec().expect("weights and tokens are f32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::predict;
    use crate::model::DropoutRates;
    use burn_flex::Flex;
    use runtime::config::Preset;

    #[test]
    fn half_of_the_tokens_are_chosen() {
        let map = [3.0, -1.0, 2.0, 7.0, 0.0];
        assert_eq!(Half::Least.of(&map), [false, true, false, false, true], "least");
        assert_eq!(Half::Most.of(&map), [true, false, false, true, false], "most");
    }

    #[test]
    fn the_parts_of_all_tokens_and_the_bias_are_the_logit() {
        let config = Preset::Vit64x4.config(10).unwrap();
        let device = Default::default();
        let model = Vit::<Flex>::new(&config, DropoutRates::default(), 1, &device);
        let pixels = (0..43 * 3072_u64).map(|at| (at * at / 7 % 251) as u8).collect();
        let images = Images::new(32, 32, pixels, vec![0; 43]).unwrap();
        let classes: Vec<usize> = (0..43).map(|image| image % 10).collect();
        let normalisation = Normalisation::CIFAR10;
        let found = evidence((&model, &config), &images, &classes, normalisation, &device).unwrap();
        assert_eq!((found.grid, found.maps.len()), ((8, 8), 43), "grid and number of maps");
        let bias = values(model.head.layers[0].bias.as_ref().unwrap().val());
        let predictions = predict(&model, &images, normalisation, &device);
        for (image, (map, &class)) in found.maps.iter().zip(&classes).enumerate() {
            let sum = map.iter().sum::<f32>() + bias[class];
            let logit = predictions.logit(image, class);
            assert!((sum - logit).abs() < 1e-4, "image {image}: {sum} and {logit}");
        }
    }

    #[test]
    fn masked_tokens_do_not_see_other_parts() {
        // Patches, so that no convolution reads across the border of the parts.
        let config = Preset::Vit64x4.config(10).unwrap();
        let device = Default::default();
        let model = Vit::<Flex>::new(&config, DropoutRates::default(), 1, &device);
        let first: Vec<u8> = (0..3072_u32).map(|at| (at * at / 7 % 251) as u8).collect();
        // The lower half of the second image has other pixels.
        let second: Vec<u8> = first
            .iter()
            .enumerate()
            .map(|(at, &value)| if at < 1536 { value } else { 9 })
            .collect();
        let images = Images::new(32, 32, [first, second].concat(), vec![0; 2]).unwrap();
        let find = |parts: &[Vec<usize>]| {
            let normalisation = Normalisation::CIFAR10;
            masked_evidence((&model, &config), &images, &[3, 3], normalisation, &device, parts)
                .unwrap()
                .maps
        };
        let halves = find(&[(32..64).collect(), (0..32).collect()]);
        assert_eq!(halves[0][..32], halves[1][..32], "the upper half does not see the lower one");
        assert_ne!(halves[0][32..], halves[1][32..], "other pixels");
        let one = find(&[(0..64).collect()]);
        assert_ne!(one[0][..32], one[1][..32], "tokens of one part see each other");
        let whole = evidence((&model, &config), &images, &[3, 3], Normalisation::CIFAR10, &device);
        for (one, whole) in one.concat().iter().zip(whole.unwrap().maps.concat()) {
            assert!((one - whole).abs() < 1e-5, "{one}, without a mask {whole}");
        }
    }

    #[test]
    fn a_network_without_a_mean_has_no_maps() {
        let config = Preset::Seed.config(10).unwrap();
        let mut spec = config.spec().clone();
        (spec.dim, spec.depth) = (32, 1);
        (spec.attention.heads, spec.attention.head_dim) = (1, 32);
        let config = VitConfig::new(spec).unwrap();
        let device = Default::default();
        let model = Vit::<Flex>::zeros(&config, &device);
        let side = config.image();
        let images = Images::new(side.height, side.width, vec![0; side.len()], vec![0]).unwrap();
        let normalisation = Normalisation::CIFAR10;
        assert_eq!(evidence((&model, &config), &images, &[0], normalisation, &device), None);
    }
}
