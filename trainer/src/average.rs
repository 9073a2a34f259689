//! The weighted mean of two networks: a network, and what it became in a later run.
//!
//! A run that teaches something new, such as other backgrounds, costs some accuracy. A mean of the networks before and
//! after it often keeps most of both, and needs no training.
//!
//! # Source
//! Wortsman et al., *Robust fine-tuning of zero-shot models*, 2022.

use std::collections::VecDeque;

use anyhow::{Result, ensure};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::checkpoint::Checkpoint;
use crate::model::Vit;

/// `1 - share` times `first` plus `share` times `second`, all parameters and running statistics. Attributes stay if both
/// networks have the same.
///
/// # Errors
/// If the networks differ in their shapes, classes or normalisation.
pub fn average<B: Backend>(
    first: &Checkpoint<B>,
    second: &Checkpoint<B>,
    share: f64,
) -> Result<Checkpoint<B>> {
    ensure!(first.config == second.config, "the networks have different layers or sizes");
    ensure!(first.classes == second.classes, "the networks have different classes");
    ensure!(
        first.normalisation == second.normalisation,
        "the networks normalise pixels differently"
    );
    let same = first.attributes == second.attributes;
    Ok(Checkpoint {
        preset: second.preset.clone(),
        config: second.config.clone(),
        classes: second.classes.clone(),
        normalisation: second.normalisation,
        source: second.source,
        model: mean(first, &second.model, share),
        attributes: second.attributes.clone().filter(|_| same),
    })
}

/// The weighted mean of two networks of the same shape.
fn mean<B: Backend>(first: &Checkpoint<B>, second: &Vit<B>, share: f64) -> Vit<B> {
    let mut values = Values(VecDeque::new());
    second.visit(&mut values);
    // Not a clone: it would share the running statistics with `first`, which would then change too.
    let device = first.model.position.val().device();
    let own = Vit::zeros(&first.config, &device).load_record(first.model.clone().into_record());
    own.map(&mut Mean { second: values.0, share })
}

/// The values of all parameters in their order, each as one row.
struct Values<B: Backend>(VecDeque<Tensor<B, 1>>);

impl<B: Backend> ModuleVisitor<B> for Values<B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.0.push_back(param.val().flatten(0, D - 1));
    }
}

struct Mean<B: Backend> {
    second: VecDeque<Tensor<B, 1>>,
    share: f64,
}

impl<B: Backend> ModuleMapper<B> for Mean<B> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let second =
            self.second.pop_front().expect("networks of one shape have the same parameters");
        let share = self.share;
        param.map(|first| {
            let second = second.reshape(first.dims());
            first * (1.0 - share) + second * share
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataSource, Normalisation};
    use crate::model::DropoutRates;
    use burn_flex::Flex;
    use runtime::config::Preset;

    fn network(seed: u64) -> Checkpoint<Flex> {
        let config = Preset::Nano.config(10).unwrap();
        let model = Vit::new(&config, DropoutRates::default(), seed, &Default::default());
        Checkpoint {
            preset: "nano".into(),
            config,
            classes: (0..10).map(|class| class.to_string()).collect(),
            normalisation: Normalisation::CIFAR10,
            source: DataSource::Cifar10,
            model,
            attributes: None,
        }
    }

    struct Plus(f32);

    impl ModuleMapper<Flex> for Plus {
        fn map_float<const D: usize>(
            &mut self,
            param: Param<Tensor<Flex, D>>,
        ) -> Param<Tensor<Flex, D>> {
            param.map(|value| value + self.0)
        }
    }

    fn values(model: &Vit<Flex>) -> Vec<Vec<f32>> {
        let mut values = Values(VecDeque::new());
        model.visit(&mut values);
        values.0.into_iter().map(|tensor| tensor.into_data().to_vec().unwrap()).collect()
    }

    #[test]
    fn every_value_is_the_weighted_mean() {
        let (mut first, second) = (network(1), network(2));
        // Running statistics that differ from those of the second network.
        first.model = first.model.clone().map(&mut Plus(0.5));
        let before = values(&first.model);
        let found = values(&average(&first, &second, 0.25).unwrap().model);
        let (first, second) = (values(&first.model), values(&second.model));
        assert_eq!(first, before, "the first network stays as it is");
        assert_eq!(found.len(), first.len(), "parameters");
        for ((found, first), second) in found.iter().zip(&first).zip(&second) {
            for ((found, first), second) in found.iter().zip(first).zip(second) {
                let expected = 0.75 * first + 0.25 * second;
                assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
            }
        }
    }

    #[test]
    fn different_networks_are_refused() {
        let (first, mut second) = (network(1), network(2));
        second.classes[3] = "cup".into();
        let error = average(&first, &second, 0.5).unwrap_err().to_string();
        assert!(error.contains("classes"), "{error}");
        second = network(2);
        second.config = Preset::Nano.config(9).unwrap();
        let error = average(&first, &second, 0.5).unwrap_err().to_string();
        assert!(error.contains("layers or sizes"), "{error}");
    }
}
