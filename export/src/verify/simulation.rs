//! The integer network in float, with the exporter's own scales.

use super::reference::folding;
use crate::assemble::Quantized;
use crate::float::FloatNet;
use ops::FakeQuant;
use runtime::site::SiteId;
use trainer::quantize::{fake_quant, is_rounded};

/// The simulation of each site with eight bits and of the residual stream.
pub fn simulated_sites<'a>(
    net: &'a FloatNet,
    quantized: &'a Quantized,
) -> impl Iterator<Item = (SiteId, FakeQuant)> + 'a {
    let stored = quantized.sites.iter().filter(|(site, _)| is_rounded(**site));
    stored.map(|(&site, &affine)| {
        let fake = fake_quant(site, affine);
        let floats = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        let fake = match folding(net, site) {
            None => fake,
            Some(scaling) => fake.folded(floats(scaling.gain), floats(scaling.offset)),
        };
        (site, fake)
    })
}
