//! The scales of a network that is being assembled, site by site.

use super::bytes::{ActivationBytes, i8_bytes};
use crate::calibrate::Ranges;
use crate::float::FloatNet;
use crate::quantize::{Affine, gelu_table_i8};
use anyhow::Result;
use runtime::site::SiteId;
use std::collections::BTreeMap;
use trainer::model::LAYER_NORM_EPSILON;

/// What is known while a network is being assembled.
pub(super) struct Assembler<'a> {
    pub(super) net: &'a FloatNet,
    pub(super) ranges: &'a Ranges,
    pub(super) sites: BTreeMap<SiteId, Affine>,
    /// Scale of the residual stream.
    pub(super) residual: f64,
}

impl Assembler<'_> {
    /// Scale and zero point of a site. The scale is at least `floor`.
    pub(super) fn site(&mut self, site: SiteId, floor: f64) -> Result<Affine> {
        let affine = Affine::asymmetric(self.ranges.site(site)?, floor);
        self.sites.insert(site, affine);
        Ok(affine)
    }

    /// An i8 layer's output: its own site, and the site after GELU if GELU follows.
    pub(super) fn activation(
        &mut self,
        linear: SiteId,
        gelu: Option<SiteId>,
        floor: f64,
    ) -> Result<Stored> {
        let before = self.site(linear, floor)?;
        let after = gelu.map(|site| self.site(site, 0.0)).transpose()?;
        Ok(Stored { before, after })
    }

    /// Epsilon of a layer normalisation in units of the stream's squared scale.
    pub(super) fn eps(&self) -> u32 {
        (LAYER_NORM_EPSILON / (self.residual * self.residual))
            .round_ties_even()
            .clamp(1.0, 2f64.powi(31) - 1.0) as u32
    }
}

/// Scales of an i8 layer's output before and after GELU.
#[derive(Clone, Copy)]
pub(super) struct Stored {
    pub(super) before: Affine,
    pub(super) after: Option<Affine>,
}

impl Stored {
    /// Scale and zero point of the values that the next layer reads.
    pub(super) fn output(self) -> Affine {
        self.after.unwrap_or(self.before)
    }

    pub(super) fn bytes(self) -> ActivationBytes {
        let table = |after| i8_bytes(&gelu_table_i8(self.before, after));
        ActivationBytes {
            zero_point: self.before.zero_point,
            gelu: self.after.map(|after| (table(after), after.zero_point)),
        }
    }
}
