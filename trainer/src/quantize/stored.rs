//! A network as integers would store it, with a forward pass that rounds at each site.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::site::{BlockSite, ConvSite, SiteId};

use super::pixels::Pixels;
use super::weights::{Weights, rounded};
use crate::model::{LAYER_NORM_EPSILON, Observer, Stem, Vit};
use ops::{self, Exponentials, FakeQuant, VitBackend};

/// More steps than any operand of a sum has. Only the sum is clamped, not its operands.
const UNBOUNDED: i32 = 1 << 20;

/// A network with the weights that would be stored, and its sites.
#[derive(Clone, Debug)]
pub struct Stored<B: Backend> {
    model: Vit<B>,
    sites: BTreeMap<SiteId, FakeQuant>,
    /// How the shortcut of a stem's residual stage is rounded, by the site of the sum: to whole steps of
    /// the sum, like the convolution that it is added to.
    shortcuts: BTreeMap<SiteId, FakeQuant>,
    pixels: Pixels,
}

impl<B: Backend> Stored<B> {
    /// `stored` holds the sites at which integers are kept, and how they are rounded.
    pub(super) fn new(
        stored: &BTreeMap<SiteId, FakeQuant>,
        pixels: Pixels,
        model: &Vit<B>,
    ) -> Self {
        let mut sites = stored.clone();
        let step = |site| stored.get(&site).map(FakeQuant::step);
        let Weights { model, units, shortcuts } = rounded(model, pixels, step);
        for (site, units) in units {
            let summand = operand(sum(site).and_then(&step));
            let fake = sites.get(&site).cloned().or(summand);
            sites.extend(fake.map(|fake| (site, fake.of_sums(units))));
        }
        let shortcut = |(site, unit)| Some((site, operand(step(site))?.of_sums(vec![unit])));
        let shortcuts = shortcuts.into_iter().filter_map(shortcut).collect();
        Self { model, sites, shortcuts, pixels }
    }

    /// The network with rounded weights. Gradients for its weights are gradients for the weights of the
    /// network that it was made from.
    pub const fn model(&self) -> &Vit<B> {
        &self.model
    }

    /// Size of one stored step of a site, before any gain.
    fn step(&self, site: SiteId) -> Option<f32> {
        self.sites.get(&site).map(FakeQuant::step)
    }
}

/// The site of the sum that a stem convolution may be an operand of.
fn sum(site: SiteId) -> Option<SiteId> {
    match site {
        SiteId::Stem { stage, conv, at: ConvSite::Linear } => {
            Some(SiteId::Stem { stage, conv, at: ConvSite::Add })
        }
        _ => None,
    }
}

/// How an operand of a sum with steps of this size is stored.
fn operand(step: Option<f32>) -> Option<FakeQuant> {
    step.map(|step| FakeQuant::new(step, -UNBOUNDED, UNBOUNDED))
}

impl<B: VitBackend> Stored<B> {
    /// The logits `[batch, classes]` for normalised images `[batch, 3, height, width]`.
    pub fn forward(&self, images: Tensor<B, 4>) -> Tensor<B, 2> {
        self.forward_replaced(images, &mut |_, value| value)
    }

    /// As [`forward`](Self::forward), with the tokens that the pool takes, `[batch, tokens, dim]`.
    ///
    /// # Panics
    /// Never: every pass has a last normalisation.
    pub(crate) fn forward_with_tokens(&self, images: Tensor<B, 4>) -> (Tensor<B, 2>, Tensor<B, 3>) {
        let mut tokens = None;
        let logits = self.forward_replaced(images, &mut |site, value| {
            if site == SiteId::Norm {
                tokens = Some(value.clone());
            }
            value
        });
        (logits, tokens.expect("a pass has a last normalisation"))
    }

    /// As [`forward`](Self::forward), but at each site the pass continues with the values that `replace`
    /// returns for the stored ones. Sites and shapes are those of [`Vit::forward_replaced`].
    pub fn forward_replaced(
        &self,
        images: Tensor<B, 4>,
        replace: &mut dyn FnMut(SiteId, Tensor<B, 3>) -> Tensor<B, 3>,
    ) -> Tensor<B, 2> {
        let padding = match self.model.stem {
            Stem::Patches(_) => None,
            Stem::Conv(_) => Some(self.pixels.padding_tensor(&images.device())),
        };
        self.model.pass(images, &mut Pass { stored: self, padding, replace })
    }
}

/// Replaces each value by the stored one, and the stored one by the value that a callback returns for it.
struct Pass<'a, B: Backend> {
    stored: &'a Stored<B>,
    /// The pixel that a convolution stem subtracts from its input, `[3]`, because the zeros around the
    /// image must represent this pixel.
    padding: Option<Tensor<B, 1>>,
    replace: &'a mut dyn FnMut(SiteId, Tensor<B, 3>) -> Tensor<B, 3>,
}

impl<B: VitBackend> Observer<B> for Pass<'_, B> {
    fn pass(&mut self, site: SiteId, value: Tensor<B, 3>) -> Tensor<B, 3> {
        let value = match self.stored.sites.get(&site) {
            Some(fake) => ops::fake_quant(value, fake),
            None => value,
        };
        let value = (self.replace)(site, value);
        match self.padding.as_ref().filter(|_| site == SiteId::Input) {
            Some(padding) => value - padding.clone().unsqueeze(),
            None => value,
        }
    }

    fn shortcut(&mut self, sum: SiteId, value: Tensor<B, 3>) -> Tensor<B, 3> {
        match self.stored.shortcuts.get(&sum) {
            Some(fake) => ops::fake_quant(value, fake),
            None => value,
        }
    }

    fn exponentials(&self, block: usize) -> Exponentials {
        let step = |at| self.stored.step(SiteId::Block { block: block as u8, at });
        match (step(BlockSite::Query), step(BlockSite::Key)) {
            (Some(query), Some(key)) => Exponentials::EightBits { step: query * key },
            _ => Exponentials::Exact,
        }
    }

    /// Rounded to whole units of the residual stream's squared step, and at least one unit, as in the blob.
    fn norm_epsilon(&self) -> f64 {
        let Some(step) = self.stored.step(SiteId::Embed) else { return LAYER_NORM_EPSILON };
        let unit = f64::from(step).powi(2);
        (LAYER_NORM_EPSILON / unit).round_ties_even().max(1.0) * unit
    }
}
