//! A network's sites as integers. Their scales are observed here or come from the exporter.

use std::collections::BTreeMap;

use burn::nn::LayerNorm;
use burn::tensor::backend::Backend;
use burn::tensor::{ElementConversion, Tensor, TensorData};
use runtime::site::{BlockSite, ConvSite, SiteId};

use super::affine::Affine;
use super::pixels::Pixels;
use super::range::Range;
use super::sites::{fake_quant, is_rounded, is_stream, is_symmetric};
use super::stored::Stored;
use crate::data::{Images, Normalisation, batch};
use crate::eval::{Evaluation, predict_with};
use crate::model::{Stem, Vit};
use ops::{FakeQuant, VitBackend};

/// Images that ranges are observed on.
pub const CALIBRATION_IMAGES: usize = 256;
/// Images of one forward pass. The smallest and the largest value of a pass are one observation.
const BATCH: usize = 64;

/// A network's sites and weights as integers would store them.
#[derive(Clone, Debug)]
pub struct Simulation {
    sites: BTreeMap<SiteId, FakeQuant>,
    normalisation: Normalisation,
}

impl Simulation {
    /// A simulation with scales that are chosen already, site by site.
    pub fn new(
        sites: impl IntoIterator<Item = (SiteId, FakeQuant)>,
        normalisation: Normalisation,
    ) -> Self {
        Self { sites: sites.into_iter().collect(), normalisation }
    }

    /// Chooses scales from the values of `model` on `images`. The ends of a site's range are means over
    /// batches of the smallest and of the largest value, because a single outlier widens these less than
    /// the smallest and largest of all values. The residual stream has one scale, for twice its range.
    ///
    /// # Panics
    /// If the images do not have the size that the model was built for.
    pub fn observe<B: VitBackend>(
        model: &Vit<B>,
        images: &Images,
        normalisation: Normalisation,
        device: &B::Device,
    ) -> Self {
        let mut ends = BTreeMap::<SiteId, Range>::new();
        let batches = images.len().div_ceil(BATCH).max(1) as f64;
        for batch in batch::sequential(images, BATCH, normalisation) {
            let shape = [batch.len, 3, images.height(), images.width()];
            let input = Tensor::from_data(TensorData::new(batch.images, shape), device);
            model.forward_observed(input, &mut |site, value| {
                if !is_stored(model, site) {
                    return;
                }
                let value = match norm(model, site) {
                    Some(norm) => unfolded(value, norm),
                    None => value,
                };
                let range = ends.entry(site).or_insert(Range::ZERO);
                let end = |value: Tensor<B, 1>| f64::from(value.into_scalar().elem::<f32>());
                range.min += end(value.clone().min()).min(0.0) / batches;
                range.max += end(value.max()).max(0.0) / batches;
            });
        }
        let stream = ends.iter().filter(|(site, _)| is_stream(**site));
        let stream = stream.fold(Range::ZERO, |all, (_, range)| all.join(*range));
        let stream = Affine::stream(stream);
        let stored = |(site, range)| {
            let affine = match site {
                site if is_stream(site) => stream,
                site if is_symmetric(site) => Affine::symmetric(range, 0.0),
                _ => Affine::asymmetric(range, 0.0),
            };
            let fake = fake_quant(site, affine);
            let floats = |tensor: Tensor<B, 1>| tensor.into_data().to_vec().expect("f32 values");
            let fake = match norm(model, site) {
                None => fake,
                Some(norm) => {
                    let [gain, offset] = gain_and_offset(norm).map(floats);
                    fake.folded(gain, offset)
                }
            };
            (site, fake)
        };
        Self::new(ends.into_iter().map(stored), normalisation)
    }

    /// `model` as it would be stored.
    pub fn store<B: Backend>(&self, model: &Vit<B>) -> Stored<B> {
        Stored::new(&self.sites, Pixels::new(self.normalisation), model)
    }

    /// How well the integer form of `model` classifies the images, which are not augmented.
    ///
    /// # Panics
    /// If the images do not have the size or the labels that the model was built for.
    pub fn evaluate<B: VitBackend>(
        &self,
        model: &Vit<B>,
        images: &Images,
        device: &B::Device,
    ) -> Evaluation {
        let stored = self.store(model);
        let forward = |batch| stored.forward(batch);
        predict_with(forward, images, self.normalisation, device).evaluation()
    }
}

/// Whether integers are stored at a site of `model`. An operand of a sum is not stored.
fn is_stored<B: Backend>(model: &Vit<B>, site: SiteId) -> bool {
    let summand = match (site, &model.stem) {
        (SiteId::Stem { stage, conv, at: ConvSite::Linear }, Stem::Conv(stem)) => {
            stem.is_summand(stage.into(), conv.into())
        }
        _ => false,
    };
    !summand && is_rounded(site)
}

/// The normalisation at a site whose gain and bias are folded into the layer that follows.
fn norm<B: Backend>(model: &Vit<B>, site: SiteId) -> Option<&LayerNorm<B>> {
    let SiteId::Block { block, at } = site else { return None };
    let block = model.blocks.get(usize::from(block))?;
    match at {
        BlockSite::Norm1 => Some(&block.norm1),
        BlockSite::Norm2 => Some(&block.norm2),
        _ => None,
    }
}

fn gain_and_offset<B: Backend>(norm: &LayerNorm<B>) -> [Tensor<B, 1>; 2] {
    let gain = norm.gamma.val();
    let offset = norm.beta.as_ref().map_or_else(|| gain.zeros_like(), |beta| beta.val());
    [gain, offset]
}

/// Normalised values before gain and bias; zero for channels with gain 0.
fn unfolded<B: Backend>(value: Tensor<B, 3>, norm: &LayerNorm<B>) -> Tensor<B, 3> {
    let [gain, offset] = gain_and_offset(norm);
    let none = gain.clone().equal_elem(0.0);
    let inverse = gain.recip().mask_fill(none, 0.0);
    (value - offset.unsqueeze()) * inverse.unsqueeze()
}
