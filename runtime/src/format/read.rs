//! Bytes to records, in order, each record checked by its own kind of error.

use super::{CHECKED_PRELUDE_LEN, MAGIC, PRELUDE_LEN, VERSION, checksum};
use crate::error::{FormatError, RecordId};
use serde::Deserialize;

/// Checks magic, version, arithmetic, length and checksum of a prelude, and returns the records'
/// bytes.
pub(crate) fn check_prelude(bytes: &[u8], arithmetic: u16) -> Result<&[u8], FormatError> {
    let truncated = FormatError::Truncated { found: bytes.len(), expected: PRELUDE_LEN };
    // Magic and version alone: what follows them is another version's own.
    let (&[m0, m1, m2, m3, v0, v1], _) = bytes.split_first_chunk().ok_or(truncated)?;
    if [m0, m1, m2, m3] != MAGIC {
        return Err(FormatError::Magic { found: [m0, m1, m2, m3] });
    }
    let version = u16::from_le_bytes([v0, v1]);
    if version == 0 || version > VERSION {
        return Err(FormatError::Version { found: version, newest: VERSION });
    }
    let (prelude, records) = bytes.split_first_chunk::<PRELUDE_LEN>().ok_or(truncated)?;
    let [.., a0, a1, l0, l1, l2, l3, c0, c1, c2, c3] = *prelude;
    let found = u16::from_le_bytes([a0, a1]);
    if found != arithmetic {
        return Err(FormatError::Arithmetic { found, expected: arithmetic });
    }
    let expected = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if records.len() != expected {
        return Err(FormatError::Length { found: records.len(), expected });
    }
    let expected = u32::from_le_bytes([c0, c1, c2, c3]);
    let found = checksum(prelude.get(..CHECKED_PRELUDE_LEN).unwrap_or(&[]), records);
    if found != expected {
        return Err(FormatError::Checksum { found, expected });
    }
    Ok(records)
}

/// The records that are still to be read.
#[derive(Debug)]
pub struct Records<'a>(&'a [u8]);

impl<'a> Records<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Takes the next record.
    pub(crate) fn next<T: Deserialize<'a>>(&mut self, record: RecordId) -> Result<T, FormatError> {
        let (value, rest) =
            postcard::take_from_bytes(self.0).map_err(|_| FormatError::Record { record })?;
        self.0 = rest;
        Ok(value)
    }

    /// Succeeds if nothing is left.
    pub(crate) const fn end(&self) -> Result<(), FormatError> {
        if self.0.is_empty() { Ok(()) } else { Err(FormatError::Trailing { bytes: self.0.len() }) }
    }
}
