//! Dropout from a generator of our own.

use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// Sets values to zero at random while training and scales the others up to make good for it.
///
/// Not burn's: that draws from one global state for each backend, so that two runs in one process
/// would disturb each other.
#[derive(Clone, Debug)]
pub(super) struct Dropout {
    rate: f64,
    /// Shared by all copies of a network: each pass goes on where the last one ended.
    random: Arc<Mutex<Xoshiro256PlusPlus>>,
}

impl Dropout {
    pub(super) fn new(rate: f64, seed: u64) -> Self {
        Self { rate, random: Arc::new(Mutex::new(Xoshiro256PlusPlus::seed_from_u64(seed))) }
    }

    /// The same shape; the input itself where nothing is trained or dropped.
    pub(super) fn forward<B: Backend>(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let device = x.device();
        if self.rate == 0.0 || !B::ad_enabled(&device) {
            return x;
        }
        let kept = (1.0 - self.rate).recip() as f32;
        // A panic elsewhere leaves the generator whole.
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let len = x.dims().iter().product();
        let draw = |_| if random.random_bool(self.rate) { 0.0 } else { kept };
        let mask = (0..len).map(draw).collect::<Vec<f32>>();
        let mask = TensorData::new(mask, x.dims());
        x * Tensor::from_data(mask, &device)
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
    fn nothing_is_dropped_outside_training() {
        assert_eq!(dropped::<Flex>(&Dropout::new(0.5, 3)), vec![1.0; 10_000], "evaluation");
    }
}
