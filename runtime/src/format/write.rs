//! Records to bytes, into memory that the caller gives.

use super::{
    ARITHMETIC_INT8, ActivationRecord, BlockRecord, CHECKED_PRELUDE_LEN, ConvRecord, EndRecord,
    HeadRecord, Header, LinearRecord, MAGIC, PRELUDE_LEN, RequantRecord, VERSION, checksum,
};
use serde::Serialize;

/// Everything that goes into a blob.
#[derive(Clone, Debug)]
pub struct Blob<'a> {
    /// The description.
    pub header: Header<'a>,
    /// Convolutions of the stem, but the last.
    pub convs: &'a [ConvRecord<'a>],
    /// The layer that makes tokens.
    pub embed: LinearRecord<'a>,
    /// Position embedding, i16.
    pub position: &'a [u8],
    /// Blocks in order.
    pub blocks: &'a [BlockRecord<'a>],
    /// Last normalisation and pool.
    pub end: EndRecord<'a>,
    /// Heads, the class head first.
    pub heads: &'a [HeadRecord<'a>],
}

/// The body of a class head.
#[derive(Clone, Copy, Debug)]
pub struct ClassHeadBody<'a> {
    /// Hidden layers in order.
    pub hidden: &'a [(LinearRecord<'a>, ActivationRecord<'a>)],
    /// i8, `[classes, k]`.
    pub weights: &'a [u8],
    /// i32, `[classes]`.
    pub bias: &'a [u8],
    /// From logit distances to octaves.
    pub probability: RequantRecord,
}

/// The buffer is too small, or the blob larger than a length field.
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
/// Values are written as given; [`Model::parse`](crate::Model::parse) is the check.
///
/// # Errors
/// [`WriteError`] if it does not fit; the buffer then holds no blob.
pub fn write(blob: &Blob<'_>, buffer: &mut [u8]) -> Result<usize, WriteError> {
    let (prelude, records) = buffer
        .split_first_chunk_mut::<PRELUDE_LEN>()
        .ok_or(WriteError)?;
    let mut writer = Writer {
        buffer: &mut *records,
        len: 0,
    };
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
    let [m0, m1, m2, m3] = MAGIC;
    let [v0, v1] = VERSION.to_le_bytes();
    let [a0, a1] = ARITHMETIC_INT8.to_le_bytes();
    let [l0, l1, l2, l3] = u32::try_from(len).map_err(|_| WriteError)?.to_le_bytes();
    let checked: [u8; CHECKED_PRELUDE_LEN] = [m0, m1, m2, m3, v0, v1, a0, a1, l0, l1, l2, l3];
    let crc = checksum(&checked, records.get(..len).ok_or(WriteError)?);
    for (to, from) in prelude
        .iter_mut()
        .zip(checked.into_iter().chain(crc.to_le_bytes()))
    {
        *to = from;
    }
    Ok(PRELUDE_LEN + len)
}

/// Writes the body of a class head to the start of `buffer` and returns its length in bytes.
///
/// # Errors
/// [`WriteError`] if it does not fit.
pub fn write_class_head(body: &ClassHeadBody<'_>, buffer: &mut [u8]) -> Result<usize, WriteError> {
    let mut writer = Writer { buffer, len: 0 };
    for layer in body.hidden {
        writer.record(layer)?;
    }
    writer.record(&(body.weights, body.bias, body.probability))?;
    Ok(writer.len)
}

struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl Writer<'_> {
    fn record<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        let rest = self.buffer.get_mut(self.len..).ok_or(WriteError)?;
        self.len += postcard::to_slice(value, rest)
            .map_err(|_| WriteError)?
            .len();
        Ok(())
    }
}
