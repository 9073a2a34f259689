//! The stem: how pixels become tokens, by patches or by a short stack of convolutions.

use burn::module::{Module, Param};
use burn::nn::BatchNorm;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::config::{ConvKind, StemConv, StemGeometry, StemSpec, VitConfig};
use runtime::site::{ConvSite, SiteId};

use super::init::Init;
use super::observe::Observer;
use super::patch::PatchEmbed;
use ops::{self, VitBackend, Window};

/// How pixels become tokens.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one stem in a model")]
pub enum Stem<B: Backend> {
    /// One linear layer over patches.
    Patches(PatchEmbed<B>),
    /// Convolutions; every position of the last one's output is a token.
    Conv(ConvStem<B>),
}

/// A stack of convolution stages.
#[derive(Module, Debug)]
pub struct ConvStem<B: Backend> {
    /// The stages in order, one for each of [`VitConfig::stem_stages`].
    pub stages: Vec<Stage<B>>,
}

/// One stage: convolutions in order, and for residual stages the sum with the stage's input.
#[derive(Module, Debug)]
pub struct Stage<B: Backend> {
    /// One for each of [`StemGeometry::convs`].
    pub convs: Vec<ConvNorm<B>>,
    #[module(skip)]
    residual: bool,
}

/// A convolution without bias, its batch normalisation, and GELU where the stage has one.
#[derive(Module, Debug)]
pub struct ConvNorm<B: Backend> {
    /// `[outputs, inputs, side, side]`, `inputs` being 1 for a depthwise convolution.
    pub weight: Param<Tensor<B, 4>>,
    /// Normalisation of the convolution's output; epsilon 1e-5.
    pub norm: BatchNorm<B>,
    #[module(skip)]
    kind: (ConvKind, Window),
    #[module(skip)]
    gelu: bool,
}

impl<B: Backend> Stem<B> {
    pub(crate) fn new(config: &VitConfig, init: &mut Init<'_, B>) -> Self {
        match config.spec().stem {
            StemSpec::Patches { size, order } => {
                Self::Patches(PatchEmbed::new(config, (size.into(), order), init))
            }
            StemSpec::Conv(_) => {
                let stages = config.stem_stages().map(|stage| Stage::new(stage, init)).collect();
                Self::Conv(ConvStem { stages })
            }
        }
    }
}

impl<B: VitBackend> Stem<B> {
    /// `[batch, height · width, 3]` to `[batch, tokens, dim]`.
    pub(crate) fn forward(
        &self,
        pixels: Tensor<B, 3>,
        observer: &mut impl Observer<B>,
    ) -> Tensor<B, 3> {
        match self {
            Self::Patches(patches) => patches.forward(pixels),
            Self::Conv(stem) => stem
                .stages
                .iter()
                .enumerate()
                .fold(pixels, |x, (index, stage)| stage.forward(x, index, observer)),
        }
    }
}

impl<B: Backend> ConvStem<B> {
    /// Whether the output of convolution `conv` of `stage` is only a part of a sum: with the stage's
    /// input, or with the position embedding.
    pub(crate) fn is_summand(&self, stage: usize, conv: usize) -> bool {
        let last = stage + 1 == self.stages.len();
        self.stages
            .get(stage)
            .is_some_and(|stage| (stage.residual || last) && conv + 1 == stage.convs.len())
    }
}

impl<B: Backend> Stage<B> {
    fn new(geometry: StemGeometry, init: &mut Init<'_, B>) -> Self {
        let convs = geometry.convs().map(|conv| ConvNorm::new(&conv, init)).collect();
        Self { residual: geometry.stage.is_residual(), convs }
    }
}

impl<B: VitBackend> Stage<B> {
    fn forward<O: Observer<B>>(
        &self,
        input: Tensor<B, 3>,
        index: usize,
        observer: &mut O,
    ) -> Tensor<B, 3> {
        let shortcut = self.residual.then(|| input.clone());
        let mut x = input;
        for (conv, layer) in self.convs.iter().enumerate() {
            let site = |at| SiteId::Stem { stage: index as u8, conv: conv as u8, at };
            // Without an observer, the convolution and its GELU are one fused operation.
            let then_gelu = O::SILENT && layer.gelu;
            x = observer.pass(site(ConvSite::Linear), layer.forward(x, then_gelu));
            if layer.gelu && !then_gelu {
                x = observer.pass(site(ConvSite::Gelu), ops::gelu(x));
            }
        }
        if let Some(shortcut) = shortcut {
            let conv = (self.convs.len() - 1) as u8;
            let site = SiteId::Stem { stage: index as u8, conv, at: ConvSite::Add };
            let shortcut = observer.shortcut(site, shortcut);
            x = observer.pass(site, x + shortcut);
        }
        x
    }
}

impl<B: Backend> ConvNorm<B> {
    fn new(conv: &StemConv, init: &mut Init<'_, B>) -> Self {
        let (inputs, outputs) = (conv.input.channels, conv.output.channels);
        let weight = match conv.kind {
            ConvKind::Full => init.convolution(outputs, inputs, 3),
            ConvKind::Depthwise => init.convolution(outputs, 1, 3),
            ConvKind::Pointwise => init.convolution(outputs, inputs, 1),
        };
        let norm = init.batch_norm(outputs);
        let input = [conv.input.height, conv.input.width];
        let window = Window { input, stride: conv.stride() };
        Self { weight, norm, kind: (conv.kind, window), gelu: conv.gelu }
    }
}

impl<B: VitBackend> ConvNorm<B> {
    /// `[batch, positions, inputs]` to `[batch, positions', outputs]`, GELU only if `then_gelu`.
    fn forward(&self, x: Tensor<B, 3>, then_gelu: bool) -> Tensor<B, 3> {
        let weight = self.weight.val();
        let x = match self.kind {
            (ConvKind::Full, window) => ops::conv3x3(x, weight, window),
            (ConvKind::Depthwise, window) => ops::depthwise3x3(x, weight, None, window.input),
            (ConvKind::Pointwise, _) => ops::pointwise(x, weight),
        };
        self.normalise(x, then_gelu)
    }

    /// Batch normalisation. In training it uses the statistics of the batch and updates the running
    /// statistics; otherwise it uses the running statistics.
    fn normalise(&self, x: Tensor<B, 3>, then_gelu: bool) -> Tensor<B, 3> {
        let (gamma, beta) = (self.norm.gamma.val(), self.norm.beta.val());
        if !B::ad_enabled(&x.device()) {
            let variance = self.norm.running_var.value();
            let scale = gamma / variance.add_scalar(self.norm.epsilon).sqrt();
            let shift = beta - self.norm.running_mean.value() * scale.clone();
            let y = x * scale.unsqueeze() + shift.unsqueeze();
            return if then_gelu { ops::gelu(y) } else { y };
        }
        let (y, mean, variance) = ops::batch_norm(x, gamma, beta, self.norm.epsilon, then_gelu);
        let momentum = self.norm.momentum;
        let blend = |old: Tensor<B, 1>, new: Tensor<B, 1>| {
            (old * (1.0 - momentum) + new * momentum).detach()
        };
        self.norm.running_mean.update(blend(self.norm.running_mean.value_sync(), mean));
        self.norm.running_var.update(blend(self.norm.running_var.value_sync(), variance));
        y
    }
}
