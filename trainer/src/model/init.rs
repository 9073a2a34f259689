//! Starting values of the parameters: seeded draws for training, zeros before a checkpoint is loaded.

use burn::module::{Param, ParamId, RunningState};
use burn::nn::{BatchNorm, BatchNormConfig, LayerNorm, LayerNormConfig, Linear};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::dropout::Dropout;

/// Epsilon of every layer normalisation.
pub const LAYER_NORM_EPSILON: f64 = 1e-6;
/// Epsilon of every batch normalisation.
pub const BATCH_NORM_EPSILON: f64 = 1e-5;
/// Standard deviation of the position embedding before it is trained.
const POSITION_STD: f32 = 0.02;

/// The source of starting values.
///
/// burn's generators are global to each backend. With them, the same seed would give different weights on
/// another backend, or if another thread draws at the same time.
#[derive(Debug)]
pub(crate) struct Init<'a, B: Backend> {
    device: &'a B::Device,
    rng: Option<Xoshiro256PlusPlus>,
    ids: u64,
}

impl<'a, B: Backend> Init<'a, B> {
    /// Draws everything from one seed.
    pub(crate) fn seeded(seed: u64, device: &'a B::Device) -> Self {
        Self { device, rng: Some(Xoshiro256PlusPlus::seed_from_u64(seed)), ids: 0 }
    }

    /// Zeros, for a model whose values will be loaded.
    pub(crate) fn zeros(device: &'a B::Device) -> Self {
        Self { device, rng: None, ids: 0 }
    }

    /// A linear layer: weight `[inputs, outputs]` uniform after Glorot and Bengio (2010), bias 0.
    pub(crate) fn linear(&mut self, inputs: usize, outputs: usize) -> Linear<B> {
        let bound = (6.0 / (inputs + outputs) as f32).sqrt();
        Linear {
            weight: self.uniform([inputs, outputs], bound),
            bias: Some(self.constant([outputs], 0.0)),
        }
    }

    /// A convolution weight `[outputs, inputs, side, side]`, normal after He et al. (2015) with
    /// the fan-in. `inputs` is the number of channels that one output reads: 1 if depthwise.
    pub(crate) fn convolution(
        &mut self,
        outputs: usize,
        inputs: usize,
        side: usize,
    ) -> Param<Tensor<B, 4>> {
        let fan_in = (inputs * side * side) as f32;
        self.truncated_normal([outputs, inputs, side, side], (2.0 / fan_in).sqrt())
    }

    /// The depthwise convolution inside an MLP: weight `[channels, 1, 3, 3]` uniform from −1/3 to 1/3 (one
    /// over the root of the fan-in), so that the sum with its input is close to the input at first.
    pub(crate) fn depthwise(&mut self, channels: usize) -> Param<Tensor<B, 4>> {
        self.uniform([channels, 1, 3, 3], 1.0 / 3.0)
    }

    /// The position embedding `[tokens, dim]`.
    pub(crate) fn position(&mut self, tokens: usize, dim: usize) -> Param<Tensor<B, 2>> {
        self.truncated_normal([tokens, dim], POSITION_STD)
    }

    /// A vector of zeros `[len]`.
    pub(crate) fn bias(&mut self, len: usize) -> Param<Tensor<B, 1>> {
        self.constant([len], 0.0)
    }

    /// A layer normalisation over `dim` values: gain 1, bias 0.
    pub(crate) fn layer_norm(&mut self, dim: usize) -> LayerNorm<B> {
        let mut norm = LayerNormConfig::new(dim).with_epsilon(LAYER_NORM_EPSILON).init(self.device);
        norm.gamma = self.constant([dim], 1.0);
        norm.beta = Some(self.constant([dim], 0.0));
        norm
    }

    /// A batch normalisation over `channels` channels: gain 1, bias 0, mean 0, variance 1.
    pub(crate) fn batch_norm(&mut self, channels: usize) -> BatchNorm<B> {
        let config = BatchNormConfig::new(channels).with_epsilon(BATCH_NORM_EPSILON);
        let mut norm = config.init(self.device);
        norm.gamma = self.constant([channels], 1.0);
        norm.beta = self.constant([channels], 0.0);
        let (mean, variance) =
            (Tensor::zeros([channels], self.device), Tensor::ones([channels], self.device));
        norm.running_mean = RunningState::with_id(self.next_id(), mean);
        norm.running_var = RunningState::with_id(self.next_id(), variance);
        norm
    }

    /// Dropout with a random stream of its own.
    pub(super) fn dropout(&mut self, rate: f64) -> Dropout {
        Dropout::new(rate, self.rng.as_mut().map_or(0, RngExt::random))
    }

    fn constant<const D: usize>(&mut self, shape: [usize; D], value: f32) -> Param<Tensor<B, D>> {
        self.parameter(Tensor::full(shape, value, self.device))
    }

    fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f32) -> Param<Tensor<B, D>> {
        self.draw(shape, |rng| bound * signed_unit(rng))
    }

    fn truncated_normal<const D: usize>(
        &mut self,
        shape: [usize; D],
        std: f32,
    ) -> Param<Tensor<B, D>> {
        self.draw(shape, |rng| std * truncated_unit_normal(rng))
    }

    fn draw<const D: usize>(
        &mut self,
        shape: [usize; D],
        mut next: impl FnMut(&mut Xoshiro256PlusPlus) -> f32,
    ) -> Param<Tensor<B, D>> {
        let Some(rng) = self.rng.as_mut() else {
            return self.constant(shape, 0.0);
        };
        let values = (0..shape.iter().product::<usize>()).map(|_| next(rng)).collect::<Vec<_>>();
        self.parameter(Tensor::from_data(TensorData::new(values, shape), self.device))
    }

    fn parameter<const D: usize>(&mut self, value: Tensor<B, D>) -> Param<Tensor<B, D>> {
        Param::initialized(self.next_id(), value.require_grad())
    }

    /// Ids in ascending order. burn's own ids are random: with them, equal models would have different
    /// checkpoints.
    fn next_id(&mut self) -> ParamId {
        self.ids += 1;
        ParamId::from(self.ids)
    }
}

/// Uniform in `-1..1`.
fn signed_unit(rng: &mut Xoshiro256PlusPlus) -> f32 {
    rng.random::<f32>().mul_add(2.0, -1.0)
}

/// Standard normal, redrawn until within two deviations (Marsaglia's polar method).
fn truncated_unit_normal(rng: &mut Xoshiro256PlusPlus) -> f32 {
    loop {
        let (u, v) = (signed_unit(rng), signed_unit(rng));
        let square = u.mul_add(u, v * v);
        if square > 0.0 && square < 1.0 {
            let normal = u * (-2.0 * square.ln() / square).sqrt();
            if normal.abs() <= 2.0 {
                return normal;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    fn weights<B: Backend>(seed: u64) -> Vec<f32> {
        let device = B::Device::default();
        let weight = Init::<B>::seeded(seed, &device).convolution(64, 16, 3);
        weight.val().into_data().to_vec().expect("float weights")
    }

    #[test]
    fn the_seed_alone_decides() {
        assert_eq!(weights::<Flex>(3), weights::<NdArray>(3), "another backend");
        assert_ne!(weights::<Flex>(3), weights::<Flex>(4), "another seed");
    }

    #[test]
    fn normal_draws_have_the_asked_spread() {
        let values = weights::<Flex>(1);
        let std = (2.0f32 / (16.0 * 9.0)).sqrt();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let square = values.iter().map(|w| w * w).sum::<f32>() / values.len() as f32;
        // Cutting a normal distribution at two deviations leaves 0.88 of its deviation.
        let ratio = square.sqrt() / std;
        assert!(mean.abs() < 0.03 * std, "mean {mean} with deviation {std}");
        assert!((ratio - 0.88).abs() < 0.02, "deviation is {ratio} of {std}");
        assert!(values.iter().all(|w| w.abs() <= 2.0 * std), "a value beyond two deviations");
    }
}
