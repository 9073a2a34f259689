//! Bytes to an index.

use super::distance::norm;
use super::index::{Index, Parts};
use crate::error::{FormatError, RecordId};
use crate::format::{
    ARITHMETIC_INT8, I16Le, I32Le, INDEX_MAGIC, Limits, Names, Records, U64Le, check_prelude,
};
use crate::kernels::Kernels;
use crate::rows::rows;

impl<'a> Index<'a> {
    /// Checks an index completely and borrows its entries.
    ///
    /// # Errors
    /// One [`FormatError`] variant for each cause, with what was found and what was expected.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let mut records = Records::new(check_prelude(bytes, INDEX_MAGIC, ARITHMETIC_INT8)?);
        index(&mut records).ok_or_else(|| records.into_fault())
    }
}

fn index<'a>(records: &mut Records<'a>) -> Option<Index<'a>> {
    records.enter(RecordId::Index);
    let network = records.next()?;
    let entries = records.u32_within(&Limits::ENTRIES)? as usize;
    let ids = ids(records, entries)?;
    let labels =
        if records.next::<bool>()? { Some(records.i16s("labels", entries)?) } else { None };
    let label_names = Names::new(records.text()?);
    let names = Names::new(records.text()?);
    check_labels(records, labels, label_names.count())?;
    if names.count() != 0 {
        let entries = count(entries);
        records.within(&Limits::new("names", entries, entries), count(names.count()))?;
    }
    records.enter(RecordId::ClassPart);
    let class = parts(records, entries)?;
    records.enter(RecordId::AppearancePart);
    let appearance = parts(records, entries)?;
    let kernels = Kernels::best();
    records.end()?;
    Some(Index { network, ids, labels, label_names, names, class, appearance, kernels })
}

/// A number of things, which is below 2^63.
fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

/// Numbers that ascend.
fn ids<'a>(records: &mut Records<'a>, entries: usize) -> Option<I32Le<'a>> {
    let ids = I32Le::new(records.bytes("ids", entries.saturating_mul(4))?)?;
    let mut min = 0;
    for id in ids.iter() {
        let id = id.cast_unsigned().into();
        records.within(&Limits::new("id", min, u32::MAX.into()), id)?;
        min = id + 1;
    }
    Some(ids)
}

/// Every label has a name, if there are names.
fn check_labels(records: &mut Records<'_>, labels: Option<I16Le<'_>>, names: usize) -> Option<()> {
    if names != 0 {
        let limits = Limits::new("label", 0, count(names) - 1);
        for label in labels.iter().flat_map(|labels| labels.iter()) {
            records.within(&limits, label.cast_unsigned().into())?;
        }
    }
    Some(())
}

/// One part of every entry.
fn parts<'a>(records: &mut Records<'a>, entries: usize) -> Option<Parts<'a>> {
    let dim = records.u8_within(&Limits::PART)?.into();
    let vectors = bytemuck::cast_slice(records.bytes("vectors", entries.saturating_mul(dim))?);
    let norms = I32Le::new(records.bytes("norms", entries.saturating_mul(4))?)?;
    for (vector, found) in rows(vectors, dim).zip(norms.iter()) {
        let norm = norm(vector).into();
        records.within(&Limits::new("norm", norm, norm), found.into())?;
    }
    let codes = U64Le::new(records.bytes("codes", entries.saturating_mul(8))?)?;
    Some(Parts { dim, vectors, norms, codes })
}
