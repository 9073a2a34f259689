//! `AdamW` with weight decay on matrices only.

use anyhow::Result;
use burn::module::{AutodiffModule, ModuleVisitor, Param, ParamId};
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{AdamW, AdamWConfig, GradientsParams, Optimizer};
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};

use crate::recipe::Moments;

type MeansRecorder = NamedMpkBytesRecorder<FullPrecisionSettings>;

/// Two `AdamW` optimisers, one for each group of parameters.
pub(crate) struct SplitAdamW<B: AutodiffBackend, M: AutodiffModule<B>> {
    decaying: Group<B, M>,
    constant: Group<B, M>,
}

struct Group<B: AutodiffBackend, M: AutodiffModule<B>> {
    ids: Vec<ParamId>,
    optimiser: OptimizerAdaptor<AdamW, M, B>,
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> SplitAdamW<B, M> {
    /// Sorts the parameters of `module`: those of rank 2 and more decay, except the position
    /// embedding.
    pub(crate) fn new(module: &M, moments: Moments, weight_decay: f64) -> Self {
        let mut groups = Groups::default();
        module.visit(&mut groups);
        let group = |ids, weight_decay: f64| Group {
            ids,
            optimiser: AdamWConfig::new()
                .with_beta_1(moments.beta_1)
                .with_beta_2(moments.beta_2)
                .with_epsilon(moments.epsilon)
                .with_weight_decay(weight_decay as f32)
                .init(),
        };
        Self {
            decaying: group(groups.decaying, weight_decay),
            constant: group(groups.constant, 0.0),
        }
    }

    /// The running means of both groups, as burn records.
    pub(crate) fn to_bytes(&self) -> Result<[Vec<u8>; 2]> {
        let bytes = |group: &Group<B, M>| {
            Recorder::<B>::record(&MeansRecorder::default(), group.optimiser.to_record(), ())
        };
        Ok([bytes(&self.decaying)?, bytes(&self.constant)?])
    }

    /// Goes on with running means from [`to_bytes`](Self::to_bytes).
    pub(crate) fn load_bytes(&mut self, bytes: [Vec<u8>; 2], device: &B::Device) -> Result<()> {
        for (group, bytes) in [&mut self.decaying, &mut self.constant].into_iter().zip(bytes) {
            let record = Recorder::<B>::load(&MeansRecorder::default(), bytes, device)?;
            group.optimiser = group.optimiser.clone().load_record(record);
        }
        Ok(())
    }

    /// Moves the parameters of `module` against the gradients of a loss.
    pub(crate) fn step(&mut self, rate: f64, mut module: M, mut grads: GradientsParams) -> M {
        for group in [&mut self.decaying, &mut self.constant] {
            let mut own = Own { ids: &group.ids, from: &mut grads, own: GradientsParams::new() };
            module.visit(&mut own);
            module = group.optimiser.step(rate, module, own.own);
        }
        module
    }
}

/// Takes the gradients of one group out of those of all.
struct Own<'a> {
    ids: &'a [ParamId],
    from: &'a mut GradientsParams,
    own: GradientsParams,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Own<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if !self.ids.contains(&param.id) {
            return;
        }
        if let Some(grad) = self.from.remove::<B::InnerBackend, D>(param.id) {
            self.own.register::<B::InnerBackend, D>(param.id, grad);
        }
    }
}

#[derive(Default)]
struct Groups {
    decaying: Vec<ParamId>,
    constant: Vec<ParamId>,
    name: String,
}

impl<B: Backend> ModuleVisitor<B> for Groups {
    fn enter_module(&mut self, name: &str, _container: &str) {
        name.clone_into(&mut self.name);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if D >= 2 && self.name != "position" {
            self.decaying.push(param.id);
        } else {
            self.constant.push(param.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DropoutRates, Vit};
    use burn::backend::Autodiff;
    use burn_flex::Flex;
    use runtime::config::Preset;

    type Training = Autodiff<Flex>;

    #[test]
    fn only_matrices_decay() {
        let device = Default::default();
        let config = Preset::Vit64x4.config(10).unwrap();
        let model = Vit::<Training>::new(&config, DropoutRates::default(), 1, &device);
        let moments = Moments { beta_1: 0.9, beta_2: 0.98, epsilon: 1e-8 };
        let mut optimiser = SplitAdamW::new(&model, moments, 0.5);
        let values = |model: &Vit<Training>| {
            let linear = &model.blocks[0].mlp.linear1;
            let gain = model.blocks[0].norm1.gamma.val();
            [linear.weight.val().abs().sum(), gain.abs().sum(), model.position.val().abs().sum()]
                .map(|sum| sum.into_scalar())
        };
        let before = values(&model);
        // A loss whose gradients are all zero: what moves, decays.
        let images = Tensor::ones([2, 3, 32, 32], &device);
        let grads = (model.forward(images) * 0.0).sum().backward();
        let grads = GradientsParams::from_grads(grads, &model);
        let after = values(&optimiser.step(0.1, model, grads));
        let ratio = [0, 1, 2].map(|i| after[i] / before[i]);
        assert!((ratio[0] - 0.95).abs() < 1e-4, "the matrix shrinks by 0.1 · 0.5: {ratio:?}");
        assert_eq!(ratio[1..], [1.0, 1.0], "gain and position stay");
    }
}
