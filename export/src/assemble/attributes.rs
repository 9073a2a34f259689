//! The attribute head.

use super::bytes::{i8_bytes, i32_bytes};
use super::head::EndBytes;
use super::scales::Assembler;
use super::write::fit;
use crate::quantize::{QuantLinear, multiplier};
use anyhow::{Result, ensure};
use runtime::format::{AttributesRecord, write_attributes};
use trainer::attributes::Attributes;
use trainer::quantize::Layer;

impl Assembler<'_> {
    /// The body of the attribute head.
    pub(super) fn attribute_head(
        &self,
        attributes: &Attributes,
        end: &EndBytes,
    ) -> Result<Vec<u8>> {
        attributes.check(&self.net.config)?;
        let name = attributes.names.iter().find(|name| name.is_empty() || name.contains('\n'));
        ensure!(name.is_none(), "the attribute {name:?} is not a name of one line");
        let layer = Layer {
            weights: attributes.weights.iter().copied().map(f64::from).collect(),
            bias: attributes.bias.iter().copied().map(f64::from).collect(),
        };
        let (quantized, scales) = QuantLinear::accumulators(&layer, self.pooled_sums(end));
        let rescales: Vec<_> = scales
            .iter()
            .map(|scale| multiplier(scale * core::f64::consts::LOG2_E * 2f64.powi(11), 10, 62))
            .collect();
        let mult: Vec<i32> = rescales.iter().map(|rescale| rescale.mult.cast_signed()).collect();
        let head = AttributesRecord {
            names: &attributes.names.join("\n"),
            weights: &i8_bytes(&quantized.weights),
            bias: &i32_bytes(&quantized.bias),
            mult: &i32_bytes(&mult),
            shift: &rescales.iter().map(|rescale| rescale.shift).collect::<Vec<_>>(),
        };
        fit(|buffer| write_attributes(&head, buffer))
    }
}
