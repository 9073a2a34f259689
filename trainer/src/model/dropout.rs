//! Dropout and stochastic depth with a random generator of their own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use ops::Factors;

/// Rates of dropout and stochastic depth in training; all zero by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DropoutRates {
    /// After the position embedding.
    pub embed: f64,
    /// After each layer of a block's MLP.
    pub mlp: f64,
    /// Before each layer of the class head.
    pub head: f64,
    /// Stochastic depth: the rate of the last block. The rates of the blocks grow linearly up to it.
    pub path: f64,
}

/// Sets random values to zero in training and scales the others up, so that the mean stays the same.
///
/// burn's own dropout draws from one global generator for each backend, so that two runs in one process
/// would influence each other.
#[derive(Clone, Debug)]
pub(super) struct Dropout {
    rate: f64,
    seed: u64,
    /// Shared by all copies of a network; each pass continues the sequence.
    random: Arc<Mutex<Xoshiro256PlusPlus>>,
}

impl Dropout {
    pub(super) fn new(rate: f64, seed: u64) -> Self {
        let random = Arc::new(Mutex::new(Xoshiro256PlusPlus::seed_from_u64(seed)));
        Self { rate, seed, random }
    }

    /// Restarts the generator for an epoch, so that its draws depend only on the seed and the epoch.
    pub(super) fn start_epoch(&self, epoch: u64) {
        let base = Xoshiro256PlusPlus::seed_from_u64(self.seed).next_u64();
        *self.generator() = Xoshiro256PlusPlus::seed_from_u64(base.wrapping_add(epoch));
    }

    /// Keeps the shape. Returns the input itself outside training and at rate 0.
    pub(super) fn forward<B: Backend>(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let dims = x.dims();
        self.masked(x, dims)
    }

    /// As [`forward`](Self::forward), but drops whole images: on a residual branch this is stochastic depth
    /// (Huang et al., 2016).
    pub(super) fn forward_whole<B: Backend>(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let [batch, ..] = x.dims();
        self.masked(x, [batch, 1, 1])
    }

    /// The factors by which [`forward_whole`](Self::forward_whole) would multiply the `batch` images. They
    /// use the same random draws. None if nothing is dropped.
    pub(super) fn factors<B: Backend>(&self, batch: usize, device: &B::Device) -> Factors {
        Factors(self.is_active::<B>(device).then(|| self.draw(batch)))
    }

    /// Whether values are dropped.
    pub(super) fn is_active<B: Backend>(&self, device: &B::Device) -> bool {
        self.rate != 0.0 && B::ad_enabled(device)
    }

    fn masked<B: Backend>(&self, x: Tensor<B, 3>, dims: [usize; 3]) -> Tensor<B, 3> {
        let device = x.device();
        if !self.is_active::<B>(&device) {
            return x;
        }
        let mask = self.draw(dims.iter().product());
        x * Tensor::from_data(TensorData::new(mask, dims), &device)
    }

    fn draw(&self, count: usize) -> Vec<f32> {
        let kept = (1.0 - self.rate).recip() as f32;
        let mut random = self.generator();
        let draw = |_| if random.random_bool(self.rate) { 0.0 } else { kept };
        (0..count).map(draw).collect()
    }

    fn generator(&self) -> MutexGuard<'_, Xoshiro256PlusPlus> {
        // A panic of another thread cannot damage the generator.
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::Autodiff;
    use burn_flex::Flex;

    fn dropped<B: Backend>(dropout: &Dropout) -> Vec<f32> {
        let x = Tensor::<B, 3>::ones([4, 100, 25], &B::Device::default());
        dropout.forward(x).into_data().to_vec().expect("float values")
    }

    #[test]
    fn the_rate_is_dropped_and_the_mean_kept() {
        let values = dropped::<Autodiff<Flex>>(&Dropout::new(0.2, 3));
        let zeros = values.iter().filter(|&&value| value == 0.0).count();
        assert!((1900..2100).contains(&zeros), "{zeros} of 10,000 dropped at a rate of 0.2");
        assert!(values.iter().all(|&value| value == 0.0 || value == 1.25), "the others grow");
    }

    #[test]
    fn passes_differ_and_seeds_repeat() {
        let dropout = Dropout::new(0.5, 3);
        let first = dropped::<Autodiff<Flex>>(&dropout);
        assert_ne!(first, dropped::<Autodiff<Flex>>(&dropout.clone()), "a second pass");
        assert_eq!(first, dropped::<Autodiff<Flex>>(&Dropout::new(0.5, 3)), "the same seed");
    }

    #[test]
    fn an_epoch_starts_its_own_draws() {
        let (first, second) = (Dropout::new(0.5, 3), Dropout::new(0.5, 3));
        dropped::<Autodiff<Flex>>(&first);
        first.start_epoch(2);
        second.start_epoch(2);
        let draws = dropped::<Autodiff<Flex>>(&first);
        assert_eq!(draws, dropped::<Autodiff<Flex>>(&second), "whatever was drawn before");
        second.start_epoch(3);
        assert_ne!(draws, dropped::<Autodiff<Flex>>(&second), "another epoch");
    }

    #[test]
    fn whole_images_are_dropped_together() {
        let dropout = Dropout::new(0.25, 3);
        let x = Tensor::<Autodiff<Flex>, 3>::ones([400, 3, 5], &Default::default());
        let values: Vec<f32> = dropout.forward_whole(x).into_data().to_vec().expect("float values");
        let images: Vec<_> = values.chunks_exact(15).collect();
        assert!(images.iter().all(|image| image.iter().all(|v| v == &image[0])), "one value each");
        let dropped = images.iter().filter(|image| image[0] == 0.0).count();
        assert!((70..130).contains(&dropped), "{dropped} of 400 at a rate of 0.25");
    }

    #[test]
    fn nothing_is_dropped_outside_training() {
        assert_eq!(dropped::<Flex>(&Dropout::new(0.5, 3)), vec![1.0; 10_000], "evaluation");
    }
}
