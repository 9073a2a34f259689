//! The integer network in float, with the exporter's own scales.

use crate::assemble::Quantized;
use crate::float::FloatNet;
use crate::reference::folding;
use runtime::site::SiteId;
use trainer::ops::FakeQuant;
use trainer::quantize::{fake_quant, is_rounded};

/// How each site with eight bits and the residual stream are simulated.
pub fn sites<'a>(
    net: &'a FloatNet,
    quantized: &'a Quantized,
) -> impl Iterator<Item = (SiteId, FakeQuant)> + 'a {
    let stored = quantized.sites.iter().filter(|(site, _)| is_rounded(**site));
    stored.map(|(&site, &affine)| {
        let fake = fake_quant(site, affine);
        let floats = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        let fake = match folding(net, site) {
            None => fake,
            Some((gain, offset)) => fake.folded(floats(gain), floats(offset)),
        };
        (site, fake)
    })
}
