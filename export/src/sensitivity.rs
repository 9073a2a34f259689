//! What each site costs by having only eight bits, in a float simulation of the integer network.
//!
//! Activations are rounded and cut off as the blob would store them; weights and all other arithmetic
//! stay as they are. What sixteen bits at a site would bring can so be measured without kernels that
//! have them.

use crate::assemble::Quantized;
use crate::quantize::Affine;
use crate::record::FloatModel;
use crate::reference::{SiteError, folding};
use anyhow::Result;
use runtime::site::{BlockSite, SiteId};
use serde::Serialize;
use std::collections::BTreeMap;
use trainer::data::Images;

/// How a site's values are stored.
struct Storage {
    affine: Affine,
    /// The largest integer below zero: −128, or −127 where the range is symmetric.
    lowest: f64,
    /// From stored values to the float network's, over the channels.
    folding: Option<(Vec<f64>, Vec<f64>)>,
}

/// The sites of a network with how they are stored, and what the float network makes of images.
pub struct Sensitivity<'a> {
    model: &'a FloatModel,
    images: &'a Images,
    storage: BTreeMap<SiteId, Storage>,
    logits: Vec<f32>,
}

/// What a network does whose sites are stored in eight bits but for some.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Outcome {
    /// Ratio of signal to noise of the logits in decibels.
    pub decibels: f64,
    /// Images classified as labelled.
    pub correct: usize,
}

impl<'a> Sensitivity<'a> {
    /// Runs the float network on `images`.
    ///
    /// # Errors
    /// If the images do not fit the network, or a weight is not finite.
    pub fn new(model: &'a FloatModel, quantized: &Quantized, images: &'a Images) -> Result<Self> {
        let net = model.weights()?;
        let stored = quantized.sites.iter().filter(|(site, _)| has_eight_bits(**site));
        let storage = stored.map(|(&site, &affine)| {
            let symmetric = matches!(
                site,
                SiteId::Block { at: BlockSite::Query | BlockSite::Key | BlockSite::Value, .. }
            );
            let lowest = if symmetric { -127.0 } else { -128.0 };
            (site, Storage { affine, lowest, folding: folding(&net, site) })
        });
        let storage = storage.collect();
        let logits = model.replaced(images, |_, _, _| {}, |_| {})?;
        Ok(Self { model, images, storage, logits })
    }

    /// The sites that are stored in eight bits, in the order of the pass.
    pub fn sites(&self) -> impl Iterator<Item = SiteId> {
        self.storage.keys().copied()
    }

    /// The network with eight bits at the sites that `chosen` takes and all others exact; `progress`
    /// counts images.
    ///
    /// # Errors
    /// If the network does not run on the images.
    pub fn with(
        &self,
        chosen: impl Fn(SiteId) -> bool,
        progress: impl Fn(usize),
    ) -> Result<Outcome> {
        let store = |site, values: &mut [f32], channels: usize| {
            if let Some(storage) = self.storage.get(&site).filter(|_| chosen(site)) {
                storage.round(values, channels);
            }
        };
        let found = self.model.replaced(self.images, store, progress)?;
        let mut error = SiteError::default();
        for (&found, &float) in found.iter().zip(&self.logits) {
            error.signal += f64::from(float).powi(2);
            error.noise += f64::from(found - float).powi(2);
        }
        let classes = self.model.config().classes();
        let rows = found.chunks_exact(classes).zip(self.images.labels());
        let correct =
            rows.filter(|(row, label)| crate::record::argmax(row) == usize::from(**label));
        Ok(Outcome { decibels: error.decibels(), correct: correct.count() })
    }
}

impl Storage {
    /// Puts what is stored in the place of every value.
    fn round(&self, values: &mut [f32], channels: usize) {
        let Affine { scale, zero_point } = self.affine;
        let zero = f64::from(zero_point);
        let nearest = |value: f64| {
            ((value / scale).round() + zero).clamp(self.lowest, 127.0).mul_add(scale, -zero * scale)
        };
        match &self.folding {
            None => values.iter_mut().for_each(|value| *value = nearest(f64::from(*value)) as f32),
            Some((gain, offset)) => {
                for row in values.chunks_exact_mut(channels.max(1)) {
                    for (value, (gain, offset)) in row.iter_mut().zip(gain.iter().zip(offset)) {
                        if *gain != 0.0 {
                            let stored = nearest((f64::from(*value) - offset) / gain);
                            *value = (stored * gain + offset) as f32;
                        }
                    }
                }
            }
        }
    }
}

/// Whether a site has eight bits and a choice: the residual stream and a mean pool have more, the
/// image is exact.
fn has_eight_bits(site: SiteId) -> bool {
    !matches!(
        site,
        SiteId::Input
            | SiteId::Embed
            | SiteId::Pool
            | SiteId::Logits
            | SiteId::Block { at: BlockSite::Attention | BlockSite::Output, .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_what_is_stored() {
        let affine = Affine { scale: 0.5, zero_point: -10 };
        let plain = Storage { affine, lowest: -128.0, folding: None };
        let mut values = [0.0, 0.74, 0.76, -100.0, 100.0];
        plain.round(&mut values, 5);
        assert_eq!(values, [0.0, 0.5, 1.0, -59.0, 68.5], "steps of one half from −128 to 127");
        let folding = Some((vec![2.0, 0.0], vec![1.0, 3.0]));
        let folded = Storage { affine, lowest: -128.0, folding };
        let mut values = [2.4, 3.0, 1.0, 3.0];
        folded.round(&mut values, 2);
        assert_eq!(values, [2.0, 3.0, 1.0, 3.0], "steps of 2 · one half around 1");
    }
}
