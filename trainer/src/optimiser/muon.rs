//! Muon for weights of any rank.

use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdjustLrFn, LearningRate, MuonConfig, MuonState, SimpleOptimizer};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// Share of the running mean of gradients that each step keeps.
const MOMENTUM: f64 = 0.95;

/// Moves a weight by the orthogonal matrix nearest to the running mean of its gradients, so that every
/// direction learns at the same speed: Muon, Jordan et al. 2024,
/// <https://kellerjordan.github.io/posts/muon/>. A convolution's `[outputs, inputs, side, side]` is the
/// matrix `[outputs, inputs · side · side]`.
///
/// The size of a step is that of Liu et al. 2025, <https://arxiv.org/abs/2502.16982>: a matrix's mean
/// square moves as it would under Adam, for every shape.
#[derive(Clone)]
pub(super) struct Muon<B: Backend>(burn::optim::Muon<B>);

impl<B: Backend> Muon<B> {
    pub(super) fn new(weight_decay: f64) -> Self {
        let momentum = MomentumConfig { momentum: MOMENTUM, dampening: 0.0, nesterov: true };
        let config = MuonConfig::new()
            .with_momentum(momentum)
            .with_weight_decay(Some(WeightDecayConfig::new(weight_decay as f32)))
            .with_adjust_lr_fn(AdjustLrFn::MatchRmsAdamW);
        Self(config.build())
    }
}

impl<B: Backend> SimpleOptimizer<B> for Muon<B> {
    type State<const D: usize> = MuonState<B, 2>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        weight: Tensor<B, D>,
        grad: Tensor<B, D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<B, D>, Option<Self::State<D>>) {
        let shape = weight.dims();
        let (weight, grad) = (weight.flatten::<2>(1, D - 1), grad.flatten::<2>(1, D - 1));
        let (weight, state) = self.0.step(rate, weight, grad, state);
        (weight.reshape(shape), state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &B::Device) -> Self::State<D> {
        <burn::optim::Muon<B> as SimpleOptimizer<B>>::to_device::<2>(state, device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;
    use burn_flex::Flex;

    fn step<const D: usize>(shape: [usize; D], gradient: Tensor<Flex, 2>) -> Tensor<Flex, D> {
        let gradient = gradient.reshape(shape);
        Muon::new(0.0).step(1.0, gradient.zeros_like(), gradient, None).0
    }

    #[test]
    fn a_convolution_moves_as_its_matrix() {
        let gradient = Tensor::random([8, 18], Distribution::Default, &Default::default());
        let matrix = step([8, 18], gradient.clone());
        let conv = step([8, 2, 3, 3], gradient);
        conv.flatten::<2>(1, 3).into_data().assert_eq(&matrix.into_data(), true);
    }

    #[test]
    fn every_direction_moves_as_far() {
        // Orthogonal rows of very different lengths become orthogonal rows of about equal length.
        let lengths = [0.1, 1.0, 10.0, 0.3];
        let gradient = Tensor::<Flex, 2>::eye(4, &Default::default())
            * Tensor::<Flex, 1>::from_floats(lengths, &Default::default()).unsqueeze();
        let moved = step([4, 4], gradient).into_data().to_vec::<f32>().unwrap();
        let size = 0.2 * 2.0; // of a 4 × 4 matrix: 0.2 · √4
        for (at, value) in moved.iter().enumerate() {
            let expected = if at % 5 == 0 { -size } else { 0.0 };
            assert!((value - expected).abs() < 0.4 * size, "{at}: {value}, not {expected}");
        }
    }
}
