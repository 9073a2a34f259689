//! A blob with one more head.

use super::Model;
use crate::arithmetic::Int8;
use crate::error::{FormatError, RecordId};
use crate::format::{
    DescriptorRecord, HEAD_DESCRIPTOR, HeadRecord, MAX_HEADS, Records, WriteError, write_heads,
};
use crate::network;
use core::fmt;
use heapless::Vec;

/// Why a head cannot be added to a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The blob is not valid.
    Format(FormatError),
    /// The blob has as many heads as there may be.
    Full,
    /// The result does not fit the buffer.
    Write(WriteError),
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(error) => error.fmt(f),
            Self::Full => write!(f, "the blob has {MAX_HEADS} heads, more are not allowed"),
            Self::Write(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AppendError {}

/// Writes an int8 blob with one more head to the start of `buffer` and returns its length in bytes. An existing
/// head of the same kind is left out. Everything else except the prelude stays the same, byte for byte. The new
/// head is not checked.
///
/// # Errors
/// [`AppendError`] if the blob is not valid, has too many heads, or the result does not fit.
pub fn append_head(
    blob: &[u8],
    head: HeadRecord<'_>,
    buffer: &mut [u8],
) -> Result<usize, AppendError> {
    Model::parse(blob).map_err(AppendError::Format)?;
    let (before, list) = network::split_heads::<Int8>(blob).map_err(AppendError::Format)?;
    let mut records = Records::new(list);
    let Some(heads) = others(&mut records, head.kind) else {
        return Err(AppendError::Format(records.into_fault()));
    };
    let mut heads = heads;
    heads.push(head).map_err(|_| AppendError::Full)?;
    write_heads(before, &heads, buffer).map_err(AppendError::Write)
}

/// The record of the descriptor head of an int8 blob; `None` if it has none. The values in it are not checked.
///
/// # Errors
/// As [`Model::parse`], or if the head is no such record.
pub fn descriptor_record(blob: &[u8]) -> Result<Option<DescriptorRecord<'_>>, FormatError> {
    let mut records = Records::new(Model::<Int8>::parse(blob)?.network.other_heads);
    let record = match records.head_of_kind(HEAD_DESCRIPTOR) {
        Some(None) => return Ok(None),
        Some(Some(body)) => {
            records.replace(body);
            records.next()
        }
        None => None,
    };
    record.map(Some).ok_or_else(|| records.into_fault())
}

/// The heads of a list except those of a kind.
fn others<'a>(records: &mut Records<'a>, kind: u8) -> Option<Vec<HeadRecord<'a>, MAX_HEADS>> {
    records.enter(RecordId::Heads);
    let mut heads = Vec::new();
    for _ in 0..records.next::<u32>()? {
        let head: HeadRecord<'a> = records.next()?;
        if head.kind != kind {
            heads.push(head).ok()?;
        }
    }
    Some(heads)
}
