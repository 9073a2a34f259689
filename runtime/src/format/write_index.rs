//! An index to bytes, into memory that the caller gives.

use super::write::{WriteError, write_prelude};
use super::{ARITHMETIC_INT8, INDEX_MAGIC, PRELUDE_LEN};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

/// Everything that goes into an index.
#[derive(Clone, Copy, Debug)]
pub struct IndexEntries<'a> {
    /// The network whose fingerprints these are: CRC-32 in the prelude of its blob.
    pub network: u32,
    /// Number of each entry, ascending, no number twice.
    pub ids: &'a [u32],
    /// Label of each entry.
    pub labels: Option<&'a [u16]>,
    /// Names of the labels, separated by newlines; empty if there are none.
    pub label_names: &'a str,
    /// Names of the entries, separated by newlines; empty if there are none.
    pub names: &'a str,
    /// Class part of each entry.
    pub class: PartEntries<'a>,
    /// Appearance part of each entry.
    pub appearance: PartEntries<'a>,
}

/// One part of every entry.
#[derive(Clone, Copy, Debug)]
pub struct PartEntries<'a> {
    /// Values of a vector, 1 to 128.
    pub dim: u8,
    /// `[entries, dim]`.
    pub vectors: &'a [i8],
    /// `[entries]`.
    pub codes: &'a [u64],
}

/// Writes an index to the start of `buffer` and returns its length in bytes.
///
/// Values are written as given. [`Index::parse`](crate::search::Index::parse) checks them.
///
/// # Errors
/// [`WriteError`] if it does not fit; the buffer then holds no index.
pub fn write_index(entries: &IndexEntries<'_>, buffer: &mut [u8]) -> Result<usize, WriteError> {
    let (prelude, records) = buffer.split_first_chunk_mut::<PRELUDE_LEN>().ok_or(WriteError)?;
    let record = (
        (entries.network, u32::try_from(entries.ids.len()).map_err(|_| WriteError)?),
        Words(entries.ids, u32::to_le_bytes),
        entries.labels.map(|labels| Words(labels, u16::to_le_bytes)),
        (entries.label_names, entries.names),
        part(&entries.class),
        part(&entries.appearance),
    );
    let written = postcard::to_slice(&record, records).map_err(|_| WriteError)?;
    write_prelude(INDEX_MAGIC, ARITHMETIC_INT8, written, prelude)
}

/// The record of a part: length of a vector, vectors, squared norms, codes.
fn part<'a>(part: &PartEntries<'a>) -> impl Serialize + use<'a> {
    let (dim, vectors) = (part.dim, part.vectors);
    (
        dim,
        Words(vectors, i8::to_le_bytes),
        Norms { dim, vectors },
        Words(part.codes, u64::to_le_bytes),
    )
}

/// Integers as a byte string.
struct Words<'a, T, const N: usize>(&'a [T], fn(T) -> [u8; N]);

impl<T: Copy, const N: usize> Serialize for Words<'_, T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        byte_string(self.0.iter().map(|&value| self.1(value)), serializer)
    }
}

/// The squared norm of each vector, as a byte string.
struct Norms<'a> {
    dim: u8,
    vectors: &'a [i8],
}

impl Serialize for Norms<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let norm = |row: &[i8]| row.iter().map(|&value| i32::from(value) * i32::from(value)).sum();
        let rows = self.vectors.chunks_exact(usize::from(self.dim.max(1)));
        byte_string(rows.map(|row| i32::to_le_bytes(norm(row))), serializer)
    }
}

fn byte_string<S: Serializer, const N: usize>(
    values: impl ExactSizeIterator<Item = [u8; N]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut bytes = serializer.serialize_seq(Some(values.len() * N))?;
    for byte in values.flatten() {
        bytes.serialize_element(&byte)?;
    }
    bytes.end()
}
