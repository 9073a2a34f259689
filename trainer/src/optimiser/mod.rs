//! Updates the parameters in each step.

mod groups;
mod muon;

use anyhow::Result;
use burn::module::{AutodiffModule, ModuleVisitor, Param, ParamId};
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{AdamW, AdamWConfig, GradientsParams, Optimizer as _, SimpleOptimizer};
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;

use crate::recipe::{OptimiserName, Recipe};
use groups::Groups;
use muon::Muon;

type MeansRecorder = NamedMpkBytesRecorder<FullPrecisionSettings>;

/// An optimiser for each group of parameters.
pub(crate) struct Optimiser<B: AutodiffBackend, M: AutodiffModule<B>> {
    hidden: Group<Muon<B::InnerBackend>, B, M>,
    outer: Group<AdamW, B, M>,
    undecayed: Group<AdamW, B, M>,
}

struct Group<O: SimpleOptimizer<B::InnerBackend>, B: AutodiffBackend, M: AutodiffModule<B>> {
    ids: Vec<ParamId>,
    optimiser: OptimizerAdaptor<O, M, B>,
}

impl<B: AutodiffBackend, M: AutodiffModule<B>> Optimiser<B, M> {
    /// Sorts the parameters of `module` into groups. Parameters of rank 2 and more decay, except the
    /// position embedding.
    pub(crate) fn new(module: &M, recipe: &Recipe) -> Self {
        let mut groups = Groups::default();
        module.visit(&mut groups);
        if recipe.optimiser == OptimiserName::AdamW {
            groups.outer.append(&mut groups.hidden);
        }
        let adam = |weight_decay: f64| {
            AdamWConfig::new()
                .with_beta_1(recipe.moments.beta_1)
                .with_beta_2(recipe.moments.beta_2)
                .with_epsilon(recipe.moments.epsilon)
                .with_weight_decay(weight_decay as f32)
                .init()
        };
        let muon = Muon::new(recipe.weight_decay);
        Self {
            hidden: Group { ids: groups.hidden, optimiser: OptimizerAdaptor::from(muon) },
            outer: Group { ids: groups.outer, optimiser: adam(recipe.weight_decay) },
            undecayed: Group { ids: groups.undecayed, optimiser: adam(0.0) },
        }
    }

    /// The running means of all groups, as burn stores them.
    pub(crate) fn to_bytes(&self) -> Result<[Vec<u8>; 3]> {
        Ok([self.hidden.to_bytes()?, self.outer.to_bytes()?, self.undecayed.to_bytes()?])
    }

    /// Continues with running means from [`to_bytes`](Self::to_bytes).
    pub(crate) fn load_bytes(&mut self, bytes: [Vec<u8>; 3], device: &B::Device) -> Result<()> {
        let [hidden, outer, undecayed] = bytes;
        self.hidden.load_bytes(hidden, device)?;
        self.outer.load_bytes(outer, device)?;
        self.undecayed.load_bytes(undecayed, device)
    }

    /// Updates the parameters of `module` by the gradients of a loss.
    pub(crate) fn step(&mut self, rate: f64, module: M, mut grads: GradientsParams) -> M {
        let module = self.hidden.step(rate, module, &mut grads);
        let module = self.outer.step(rate, module, &mut grads);
        self.undecayed.step(rate, module, &mut grads)
    }
}

impl<O, B, M> Group<O, B, M>
where
    O: SimpleOptimizer<B::InnerBackend>,
    B: AutodiffBackend,
    M: AutodiffModule<B>,
{
    fn to_bytes(&self) -> Result<Vec<u8>> {
        let record = self.optimiser.to_record();
        Ok(Recorder::<B>::record(&MeansRecorder::default(), record, ())?)
    }

    fn load_bytes(&mut self, bytes: Vec<u8>, device: &B::Device) -> Result<()> {
        let record = Recorder::<B>::load(&MeansRecorder::default(), bytes, device)?;
        self.optimiser = self.optimiser.clone().load_record(record);
        Ok(())
    }

    fn step(&mut self, rate: f64, module: M, grads: &mut GradientsParams) -> M {
        let mut own = Own { ids: &self.ids, from: grads, own: GradientsParams::new() };
        module.visit(&mut own);
        self.optimiser.step(rate, module, own.own)
    }
}

/// Takes the gradients of one group out of all gradients.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DropoutRates, Vit};
    use burn::backend::Autodiff;
    use burn_flex::Flex;
    use runtime::config::Preset;

    type Training = Autodiff<Flex>;

    fn optimiser(
        preset: Preset,
        recipe: Recipe,
    ) -> (Vit<Training>, Optimiser<Training, Vit<Training>>) {
        let config = preset.config(10).unwrap();
        let model = Vit::new(&config, DropoutRates::default(), 1, &Default::default());
        let optimiser = Optimiser::new(&model, &recipe);
        (model, optimiser)
    }

    /// The model after a step with gradients that are all zero. Only parameters with weight decay change.
    fn idle_step(
        optimiser: &mut Optimiser<Training, Vit<Training>>,
        model: Vit<Training>,
    ) -> Vit<Training> {
        let images = Tensor::ones([2, 3, 32, 32], &Default::default());
        let grads = (model.forward(images) * 0.0).sum().backward();
        let grads = GradientsParams::from_grads(grads, &model);
        optimiser.step(0.1, model, grads)
    }

    #[test]
    fn only_matrices_decay() {
        let decaying = Recipe { weight_decay: 0.5, ..Recipe::small_data(Preset::Vit64x4) };
        for name in [OptimiserName::AdamW, OptimiserName::Muon] {
            let recipe = Recipe { optimiser: name, ..decaying };
            let (model, mut optimiser) = optimiser(Preset::Vit64x4, recipe);
            let sums = |model: &Vit<Training>| {
                let linear = &model.blocks[0].mlp.linear1;
                let gain = model.blocks[0].norm1.gamma.val();
                [
                    linear.weight.val().abs().sum(),
                    gain.abs().sum(),
                    model.position.val().abs().sum(),
                ]
                .map(|sum| sum.into_scalar())
            };
            let before = sums(&model);
            let after = sums(&idle_step(&mut optimiser, model));
            let ratio = [0, 1, 2].map(|i| after[i] / before[i]);
            assert!(
                (ratio[0] - 0.95).abs() < 1e-4,
                "{name:?}: the matrix shrinks by 0.1 · 0.5: {ratio:?}"
            );
            assert_eq!(ratio[1..], [1.0, 1.0], "{name:?}: gain and position stay");
        }
    }

    #[test]
    fn only_hidden_matrices_are_muons() {
        let groups = |preset, name| {
            let recipe = Recipe { optimiser: name, ..Recipe::full_data(preset) };
            let (model, optimiser) = optimiser(preset, recipe);
            let Optimiser { hidden, outer, undecayed } = optimiser;
            let all = hidden.ids.len() + outer.ids.len() + undecayed.ids.len();
            assert_eq!(all, burn::module::list_param_ids(&model).len(), "each is in one group");
            [hidden.ids.len(), outer.ids.len()]
        };
        // Six matrices a block; of compact's stem all but the first and the two depthwise ones.
        let in_compact = [5 * 6 + 8, 3 + 5 + 1];
        assert_eq!(groups(Preset::Compact, OptimiserName::Muon), in_compact, "compact");
        assert_eq!(groups(Preset::Compact, OptimiserName::AdamW), [0, 47], "compact without");
        // The head and the layer that reads patches are not.
        assert_eq!(groups(Preset::Vit64x4, OptimiserName::Muon), [4 * 6, 2], "patches");
    }
}
