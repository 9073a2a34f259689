//! The attribute loss: a network learns tokens from which a layer tells attributes.
//!
//! The layer is the one that the network to start from has, and it does not change. So a run with this loss has no
//! parameters of its own, and its result can be compared with its start. Mixed images have no attribute loss, because
//! they show parts of two objects.

use anyhow::Result;
use burn::backend::Autodiff;
use burn::tensor::{Tensor, TensorData};

use crate::attributes::{Attributes, Table};
use crate::data::Images;
use ops::HostBackend;

/// A layer of attributes and a table that says which images have them.
#[derive(Clone, Debug)]
pub struct KnownAttributes {
    /// The layer.
    pub layer: Attributes,
    /// What is known of images; its attributes are those of the layer, in the same order.
    pub table: Table,
}

impl KnownAttributes {
    /// What is known of each image, `[images, attributes]`: 1, 0, or NaN where it is not known.
    ///
    /// # Errors
    /// If the table has a row neither for an image nor for its class.
    pub(super) fn values(&self, images: &Images, classes: &[String]) -> Result<Vec<f32>> {
        let labels = self.table.labels(images, classes)?;
        let known = (0..images.len()).flat_map(|image| labels.image(image));
        Ok(known.map(|known| known.map_or(f32::NAN, |has| f32::from(u8::from(has)))).collect())
    }
}

/// The loss on one device.
pub(super) struct AttributeLoss<B: HostBackend> {
    weight: f64,
    /// `[1, dim, attributes]`.
    weights: Tensor<B, 3>,
    /// `[1, 1, attributes]`.
    bias: Tensor<B, 3>,
}

impl<B: HostBackend> AttributeLoss<B> {
    /// The loss of `layer`, times `weight`.
    pub(super) fn new(weight: f64, layer: &Attributes, device: &B::Device) -> Self {
        let Attributes { names, weights, bias } = layer;
        let count = names.len();
        let dim = weights.len() / count;
        let weights = TensorData::new(weights.clone(), [1, count, dim]);
        let bias = TensorData::new(bias.clone(), [1, 1, count]);
        Self {
            weight,
            weights: Tensor::from_data(weights, device).swap_dims(1, 2),
            bias: Tensor::from_data(bias, device),
        }
    }

    /// The loss of the images of a part, summed: for each image the mean of the binary cross-entropies of its known
    /// attributes. `tokens` are `[len, tokens, dim]`, `known` is `[len, attributes]`.
    pub(super) fn of(
        &self,
        tokens: Tensor<Autodiff<B>, 3>,
        known: &[f32],
    ) -> Tensor<Autodiff<B>, 1> {
        let [len, ..] = tokens.dims();
        let count = known.len() / len;
        let device = tokens.device();
        let tensor = |values: Vec<f32>| {
            Tensor::<Autodiff<B>, 3>::from_data(TensorData::new(values, [len, 1, count]), &device)
        };
        let targets = tensor(known.iter().map(|&value| value.max(0.0)).collect());
        let shares = tensor(known.chunks_exact(count).flat_map(shares).collect());
        let logits = ops::mean_positions(tokens)
            .matmul(Tensor::from_inner(self.weights.clone()).expand([len as i64, -1, -1]))
            + Tensor::from_inner(self.bias.clone());
        // log(1 + exp(x)) - x · target, in a form that does not overflow.
        let rest = (-logits.clone().abs()).exp().log1p();
        let losses = logits.clone().clamp_min(0.0) - logits * targets + rest;
        (losses * shares).sum() * self.weight
    }
}

/// The weight of each attribute of an image: the same for all that are known, 0 for the others. They sum to 1, or to 0.
fn shares(known: &[f32]) -> Vec<f32> {
    let count = known.iter().filter(|value| !value.is_nan()).count();
    let share = 1.0 / count.max(1) as f32;
    known.iter().map(|value| if value.is_nan() { 0.0 } else { share }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_flex::Flex;

    #[test]
    fn the_loss_is_the_mean_cross_entropy_of_the_known_attributes() {
        let device = Default::default();
        let layer = |values: Vec<f32>, shape| {
            Tensor::<Flex, 3>::from_data(TensorData::new(values, shape), &device)
        };
        let loss = AttributeLoss {
            weight: 2.0,
            weights: layer(vec![1.0, 0.0, -2.0, 0.0, 1.0, 40.0], [1, 2, 3]),
            bias: layer(vec![0.5, -1.0, 0.0], [1, 1, 3]),
        };
        // Two images of two tokens with two values: the means are (1, 2) and (-1, 3).
        let tokens = layer(vec![0.0, 1.0, 2.0, 3.0, -2.0, 6.0, 0.0, 0.0], [2, 2, 2]);
        let found = loss.of(Tensor::from_inner(tokens), &[1.0, 0.0, f32::NAN, 0.0, f32::NAN, 1.0]);
        let entropy = |logit: f64, has: bool| (1.0 + (if has { -logit } else { logit }).exp()).ln();
        let first = entropy(1.5, true) + entropy(1.0, false);
        let second = entropy(-0.5, false) + entropy(122.0, true);
        let expected = 2.0 * (first / 2.0 + second / 2.0);
        let found = f64::from(found.into_scalar());
        assert!((found - expected).abs() < 1e-5, "{found}, expected {expected}");
    }

    #[test]
    fn an_image_of_which_nothing_is_known_has_no_loss() {
        assert_eq!(shares(&[1.0, f32::NAN, 0.0, 0.0]), [1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0 / 3.0]);
        assert_eq!(shares(&[f32::NAN; 2]), [0.0; 2], "nothing is known");
    }
}
