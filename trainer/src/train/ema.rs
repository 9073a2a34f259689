//! An exponential moving average (EMA) of a network's weights.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::model::Vit;

/// The EMA of a network, parameter by parameter, running statistics included.
#[derive(Debug)]
pub(crate) struct Ema<B: Backend> {
    model: Vit<B>,
    decay: f64,
    updates: usize,
}

impl<B: Backend> Ema<B> {
    /// Starts with the network itself. `decay` is the share that an update keeps; the first updates keep less.
    pub(crate) fn new(model: Vit<B>, decay: f64) -> Self {
        Self { model, decay, updates: 0 }
    }

    /// Continues with the average of an interrupted run.
    pub(crate) fn resumed(model: Vit<B>, decay: f64, updates: usize) -> Self {
        Self { model, decay, updates }
    }

    /// Moves the average towards `model`.
    ///
    /// The first updates keep less, `(1 + n) / (10 + n)`, so that the starting values fade soon.
    pub(crate) fn update(&mut self, model: &Vit<B>) {
        let n = self.updates as f64;
        let keep = self.decay.min((1.0 + n) / (10.0 + n));
        let mut values = Values(GradientsParams::new());
        model.visit(&mut values);
        self.model = self.model.clone().map(&mut Interpolate { new: values.0, keep });
        self.updates += 1;
    }

    /// The averaged network.
    pub(crate) fn model(&self) -> &Vit<B> {
        &self.model
    }

    /// The number of updates.
    pub(crate) fn updates(&self) -> usize {
        self.updates
    }
}

/// The values of all parameters, in burn's container of tensors by parameter.
struct Values(GradientsParams);

impl<B: Backend> ModuleVisitor<B> for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.0.register::<B, D>(param.id, param.val());
    }
}

struct Interpolate {
    new: GradientsParams,
    keep: f64,
}

impl<B: Backend> ModuleMapper<B> for Interpolate {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let Some(new) = self.new.remove::<B, D>(param.id) else { return param };
        let keep = self.keep;
        param.map(|old| old * keep + new * (1.0 - keep))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DropoutRates;
    use burn_flex::Flex;
    use runtime::config::Preset;

    #[test]
    fn it_moves_towards_the_network() {
        let device = Default::default();
        let config = Preset::Vit64x4.config(10).unwrap();
        let network = |seed| Vit::<Flex>::new(&config, DropoutRates::default(), seed, &device);
        let (first, second) = (network(1), network(2));
        let weight = |model: &Vit<Flex>| -> Vec<f32> {
            model.head.layers[0].weight.val().into_data().to_vec().unwrap()
        };
        let mut ema = Ema::new(first.clone(), 0.75);
        for _ in 0..100 {
            ema.update(&first);
        }
        assert_eq!(ema.updates(), 100, "updates");
        ema.update(&second);
        let rows = weight(&first).into_iter().zip(weight(&second)).zip(weight(ema.model()));
        for ((old, new), found) in rows {
            let expected = 0.75 * old + 0.25 * new;
            assert!((found - expected).abs() < 1e-6, "{found} between {old} and {new}");
        }
    }

    #[test]
    fn the_start_is_forgotten() {
        let device = Default::default();
        let config = Preset::Vit64x4.config(10).unwrap();
        let network = |seed| Vit::<Flex>::new(&config, DropoutRates::default(), seed, &device);
        let mut ema = Ema::new(network(1), 0.9999);
        let target = network(2);
        for _ in 0..200 {
            ema.update(&target);
        }
        let distance = |other: &Vit<Flex>| {
            let difference = ema.model().position.val() - other.position.val();
            difference.abs().max().into_scalar()
        };
        assert!(distance(&target) < 1e-4, "{} from the network", distance(&target));
    }
}
