//! The attribute head of a blob, which is read only on request.

use super::Network;
use crate::arithmetic::Int8;
use crate::config::{Pool, VitConfig};
use crate::error::FormatError;
use crate::fixed::ProbabilityScale;
use crate::format::{HEAD_ATTRIBUTES, I32Le, Limits, Names, Records};
use crate::rows::rows;

/// The layer of the attributes, borrowed from the blob.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttributeHead<'a> {
    names: Names<'a>,
    /// `[attributes, dim]`.
    weights: &'a [i8],
    bias: I32Le<'a>,
    mult: I32Le<'a>,
    shift: &'a [u8],
    dim: usize,
}

/// One attribute of a head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttributeRow<'a> {
    pub(crate) name: &'a str,
    /// `[dim]`.
    pub(crate) weights: &'a [i8],
    pub(crate) bias: i32,
    /// From its logit to its probability.
    pub(crate) scale: ProbabilityScale,
}

/// Reads and checks the attribute head that follows the class head of `network`; `None` if there is none.
pub(crate) fn attribute_head<'a>(
    network: &Network<'a, Int8>,
) -> Result<Option<AttributeHead<'a>>, FormatError> {
    let mut records = Records::new(network.other_heads);
    find(&mut records, &network.config).ok_or_else(|| records.into_fault())
}

fn find<'a>(records: &mut Records<'a>, config: &VitConfig) -> Option<Option<AttributeHead<'a>>> {
    let Some(body) = records.head_of_kind(HEAD_ATTRIBUTES)? else { return Some(None) };
    records.replace(body);
    let found = head(records, config)?;
    records.end()?;
    Some(Some(found))
}

fn head<'a>(records: &mut Records<'a>, config: &VitConfig) -> Option<AttributeHead<'a>> {
    if config.spec().pool != Pool::Mean {
        let (record, field) = (records.record(), "mean pool");
        return records.fail(FormatError::Presence { record, field, expected: true });
    }
    let names = Names::new(records.text()?);
    let (count, dim) = (names.count(), config.dim());
    records.within(&Limits::ATTRIBUTES, i64::try_from(count).unwrap_or(i64::MAX))?;
    if names.has_empty() {
        let (record, field) = (records.record(), "name");
        return records.fail(FormatError::Presence { record, field, expected: true });
    }
    let weights = records.bytes("weights", count.saturating_mul(dim))?;
    let bias = records.bias(count)?;
    let mult = records.i32s(&Limits::MULT, count)?;
    let shift = records.bytes("shift", count)?;
    for &shift in shift {
        records.within(&Limits::PROBABILITY_SHIFT, shift.into())?;
    }
    Some(AttributeHead { names, weights: bytemuck::cast_slice(weights), bias, mult, shift, dim })
}

impl<'a> AttributeHead<'a> {
    /// Number of attributes.
    pub(crate) const fn len(&self) -> usize {
        self.bias.len()
    }

    /// Number of weights of an attribute.
    pub(crate) const fn dim(&self) -> usize {
        self.dim
    }

    /// Name of an attribute; `None` if there is no such attribute.
    pub(crate) fn name(&self, index: usize) -> Option<&'a str> {
        self.names.get(index)
    }

    /// The attributes in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = AttributeRow<'a>> {
        let scales = self.mult.iter().zip(self.shift).map(|(mult, &shift)| (mult, shift));
        let rows = rows(self.weights, self.dim).zip(self.bias.iter()).zip(scales);
        rows.enumerate().filter_map(move |(index, ((weights, bias), (mult, shift)))| {
            let scale = ProbabilityScale::new(mult.cast_unsigned(), shift)?;
            Some(AttributeRow { name: self.name(index)?, weights, bias, scale })
        })
    }
}
