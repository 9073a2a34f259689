//! Records to bytes, into memory that the caller gives.

use super::{
    ARITHMETIC_INT8, AttributesRecord, CHECKED_PRELUDE_LEN, DescriptorRecord, HeadRecord, Header,
    MAGIC, PRELUDE_LEN, VERSION, checksum,
};
use serde::Serialize;

/// Everything that goes into a blob: input `I`, convolutions `C`, layers `L`, blocks `B`, end `E`.
#[derive(Clone, Debug)]
pub struct Blob<'a, I, C, L, B, E> {
    /// Arithmetic of the prelude.
    pub arithmetic: u16,
    /// The description.
    pub header: Header<'a, I>,
    /// Convolutions of the stem, except the last.
    pub convs: &'a [C],
    /// The layer that makes tokens.
    pub embed: L,
    /// Position embedding.
    pub position: &'a [u8],
    /// Blocks in order.
    pub blocks: &'a [B],
    /// Last normalisation and pool.
    pub end: E,
    /// Heads, the class head first.
    pub heads: &'a [HeadRecord<'a>],
}

/// The buffer is too small for the blob, or the blob is too long for its length field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteError;

impl core::fmt::Display for WriteError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the blob does not fit the buffer")
    }
}

impl core::error::Error for WriteError {}

/// Writes a blob to the start of `buffer` and returns its length in bytes.
///
/// Values are written as given. [`Model::parse`](crate::Model::parse) checks them.
///
/// # Errors
/// [`WriteError`] if it does not fit; the buffer then holds no blob.
pub fn write<I, C, L, B, E>(
    blob: &Blob<'_, I, C, L, B, E>,
    buffer: &mut [u8],
) -> Result<usize, WriteError>
where
    I: Serialize,
    C: Serialize,
    L: Serialize,
    B: Serialize,
    E: Serialize,
{
    let (prelude, records) = buffer.split_first_chunk_mut::<PRELUDE_LEN>().ok_or(WriteError)?;
    let mut writer = Writer { buffer: &mut *records, len: 0 };
    writer.record(&blob.header)?;
    for conv in blob.convs {
        writer.record(conv)?;
    }
    writer.record(&blob.embed)?;
    writer.record(&blob.position)?;
    for block in blob.blocks {
        writer.record(block)?;
    }
    writer.record(&blob.end)?;
    writer.record(&blob.heads)?;
    let len = writer.len;
    write_prelude(MAGIC, blob.arithmetic, records.get(..len).ok_or(WriteError)?, prelude)
}

/// Writes a blob of which only the heads are new: `before` is what lies between prelude and heads.
pub(crate) fn write_heads(
    before: &[u8],
    heads: &[HeadRecord<'_>],
    buffer: &mut [u8],
) -> Result<usize, WriteError> {
    let (prelude, records) = buffer.split_first_chunk_mut::<PRELUDE_LEN>().ok_or(WriteError)?;
    records.get_mut(..before.len()).ok_or(WriteError)?.copy_from_slice(before);
    let mut writer = Writer { buffer: &mut *records, len: before.len() };
    writer.record(heads)?;
    let len = writer.len;
    write_prelude(MAGIC, ARITHMETIC_INT8, records.get(..len).ok_or(WriteError)?, prelude)
}

/// Writes the prelude of some records and returns the length of both in bytes.
pub(super) fn write_prelude(
    magic: [u8; 4],
    arithmetic: u16,
    records: &[u8],
    prelude: &mut [u8; PRELUDE_LEN],
) -> Result<usize, WriteError> {
    let [m0, m1, m2, m3] = magic;
    let [v0, v1] = VERSION.to_le_bytes();
    let [a0, a1] = arithmetic.to_le_bytes();
    let [l0, l1, l2, l3] = u32::try_from(records.len()).map_err(|_| WriteError)?.to_le_bytes();
    let checked: [u8; CHECKED_PRELUDE_LEN] = [m0, m1, m2, m3, v0, v1, a0, a1, l0, l1, l2, l3];
    let crc = checksum(&checked, records);
    for (to, from) in prelude.iter_mut().zip(checked.into_iter().chain(crc.to_le_bytes())) {
        *to = from;
    }
    Ok(PRELUDE_LEN + records.len())
}

/// Writes the body of a class head to the start of `buffer` and returns its length in bytes:
/// hidden layers, then the last one.
///
/// # Errors
/// [`WriteError`] if it does not fit.
pub fn write_class_head<H: Serialize, L: Serialize>(
    hidden: &[H],
    last: &L,
    buffer: &mut [u8],
) -> Result<usize, WriteError> {
    let mut writer = Writer { buffer, len: 0 };
    for layer in hidden {
        writer.record(layer)?;
    }
    writer.record(last)?;
    Ok(writer.len)
}

/// Writes the body of an attribute head to the start of `buffer` and returns its length in bytes.
///
/// # Errors
/// [`WriteError`] if it does not fit.
pub fn write_attributes(
    head: &AttributesRecord<'_>,
    buffer: &mut [u8],
) -> Result<usize, WriteError> {
    let mut writer = Writer { buffer, len: 0 };
    writer.record(head)?;
    Ok(writer.len)
}

/// Writes the body of a descriptor head to the start of `buffer` and returns its length in bytes.
///
/// # Errors
/// [`WriteError`] if it does not fit.
pub fn write_descriptor(
    head: &DescriptorRecord<'_>,
    buffer: &mut [u8],
) -> Result<usize, WriteError> {
    let mut writer = Writer { buffer, len: 0 };
    writer.record(head)?;
    Ok(writer.len)
}

struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl Writer<'_> {
    fn record<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        let rest = self.buffer.get_mut(self.len..).ok_or(WriteError)?;
        self.len += postcard::to_slice(value, rest).map_err(|_| WriteError)?.len();
        Ok(())
    }
}
