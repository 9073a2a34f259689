//! Last normalisation, pool and class head.

use super::bytes::{LinearBytes, i8_bytes, i16_bytes, i32_bytes};
use super::scales::Assembler;
use super::write::fit;
use crate::quantize::{Affine, QuantLinear, finest_output_scale, multiplier};
use anyhow::{Context, Result};
use runtime::config::Pool;
use runtime::fixed::Requant;
use runtime::format::{
    EndRecord, Int8End, LastNormRecord, LogitsRecord, RequantRecord, write_class_head,
};
use runtime::site::SiteId;

/// Fraction bits of a normalised value in the last normalisation.
const NORMALISED_BITS: i32 = 10;

/// The last normalisation and the pool.
pub(super) struct EndBytes {
    eps: u32,
    gamma: Vec<u8>,
    beta: Vec<u8>,
    shift: u8,
    embedding: Option<RequantRecord>,
    /// Scale and zero point of the tokens.
    tokens: Affine,
    /// Scale and zero point of the input of a head with hidden layers.
    pooled: Affine,
}

impl EndBytes {
    pub(super) fn record(&self) -> Int8End<'_> {
        let norm = LastNormRecord {
            eps: self.eps,
            gamma: &self.gamma,
            beta: &self.beta,
            shift: self.shift,
            zero_point: self.tokens.zero_point,
        };
        EndRecord { norm, embedding: self.embedding }
    }
}

impl Assembler<'_> {
    /// The last normalisation keeps gain and bias, because the embedding needs them.
    pub(super) fn end(&mut self) -> Result<EndBytes> {
        let tokens = self.site(SiteId::Norm, 0.0)?;
        let norm = &self.net.norm;
        let bits = fraction_bits(&norm.gain, &norm.offset, tokens.scale);
        let unit = 2f64.powi(bits) / tokens.scale;
        let beta_unit = unit * 2f64.powi(NORMALISED_BITS);
        let limit = 2f64.powi(29);
        let gamma: Vec<i16> = norm
            .gain
            .iter()
            .map(|gamma| (gamma * unit).round_ties_even().clamp(-32_767.0, 32_767.0) as i16)
            .collect();
        let beta: Vec<i32> = norm
            .offset
            .iter()
            .map(|beta| (beta * beta_unit).round_ties_even().clamp(-limit, limit) as i32)
            .collect();
        let mean = self.net.config.spec().pool == Pool::Mean;
        let (embedding, pooled) = if mean {
            let pooled = Affine::symmetric(self.ranges.site(SiteId::Pool)?, 0.0);
            self.sites.insert(SiteId::Pool, pooled);
            let factor = tokens.scale / (self.net.config.tokens() as f64 * pooled.scale);
            let rescale = multiplier(factor, Requant::MIN_SHIFT, Requant::MAX_SHIFT);
            (Some(rescale.into()), pooled)
        } else {
            (None, tokens)
        };
        Ok(EndBytes {
            eps: self.eps(),
            gamma: i16_bytes(&gamma),
            beta: i32_bytes(&beta),
            shift: u8::try_from(bits + NORMALISED_BITS)?,
            embedding,
            tokens,
            pooled,
        })
    }

    /// How a mean pool stores its sums over tokens. The zero point is subtracted from each token.
    pub(super) fn pooled_sums(&self, end: &EndBytes) -> Affine {
        Affine::centred(end.tokens.scale / self.net.config.tokens() as f64)
    }

    /// The body of the class head.
    pub(super) fn class_head(&mut self, end: &EndBytes) -> Result<Vec<u8>> {
        let (last, hidden) = self.net.head.split_last().context("the network has no class head")?;
        let mut input = end.pooled;
        let mut layers = Vec::new();
        for (index, layer) in hidden.iter().enumerate() {
            let index = u8::try_from(index)?;
            let floor = finest_output_scale(layer, input);
            let sites = (SiteId::HeadHidden(index), SiteId::HeadGelu(index));
            let stored = self.activation(sites.0, Some(sites.1), floor)?;
            let quantized = QuantLinear::new(layer, input, |_| stored.before.scale);
            layers.push((LinearBytes::new(&quantized), stored.bytes()));
            input = stored.output();
        }
        // Without hidden layers, the last layer reads a mean pool as exact sums over tokens, from which
        // the zero point is subtracted.
        if hidden.is_empty() && end.embedding.is_some() {
            input = self.pooled_sums(end);
        }
        let (quantized, scale) = QuantLinear::shared_scale(last, input);
        self.sites.insert(SiteId::Logits, Affine::centred(scale));
        let octaves = scale * core::f64::consts::LOG2_E * 2f64.powi(11);
        let hidden: Vec<_> = layers
            .iter()
            .map(|(linear, activation)| (linear.record(), activation.record()))
            .collect();
        let last = LogitsRecord {
            weights: &i8_bytes(&quantized.weights),
            bias: &i32_bytes(&quantized.bias),
            probability: multiplier(octaves, 10, 62).into(),
        };
        fit(|buffer| write_class_head(&hidden, &last, buffer))
    }
}

/// The largest number of fraction bits, 0 to 14, with which every gain fits i16 and no bias exceeds `2^29`.
fn fraction_bits(gamma: &[f64], beta: &[f64], scale: f64) -> i32 {
    let peak = |values: &[f64]| values.iter().fold(0.0, |peak: f64, v| peak.max(v.abs())) / scale;
    let fits = |bits: i32| {
        peak(gamma) * 2f64.powi(bits) <= 32_767.0
            && peak(beta) * 2f64.powi(bits + NORMALISED_BITS) <= 2f64.powi(29)
    };
    (0..=14).rev().find(|&bits| fits(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_use_their_sixteen_bits() {
        assert_eq!(fraction_bits(&[1.0], &[0.0], 1.0), 14, "a small gain");
        assert_eq!(fraction_bits(&[2.0], &[1.0], 0.03), 8, "a usual gain");
        assert_eq!(fraction_bits(&[1.0], &[100.0], 0.001), 2, "a large bias");
    }
}
