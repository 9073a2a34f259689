//! Reads the records of a blob from bytes, in order. Each kind of fault has its own error.

use super::{CHECKED_PRELUDE_LEN, PRELUDE_LEN, VERSION, checksum};
use crate::error::{FormatError, RecordId};
use crate::invariant::present_or;
use core::mem;
use serde::Deserialize;

/// Checks magic, version, arithmetic, length and checksum of a prelude, and returns the records'
/// bytes.
pub(crate) fn check_prelude(
    bytes: &[u8],
    magic: [u8; 4],
    arithmetic: u16,
) -> Result<&[u8], FormatError> {
    let truncated = FormatError::Truncated { found: bytes.len(), expected: PRELUDE_LEN };
    // First magic and version alone, because each version defines what follows them.
    let (&[m0, m1, m2, m3, v0, v1], _) = bytes.split_first_chunk().ok_or(truncated)?;
    let found = [m0, m1, m2, m3];
    if found != magic {
        return Err(FormatError::Magic { found, expected: magic });
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
    let found = checksum(present_or(prelude.get(..CHECKED_PRELUDE_LEN), &[]), records);
    if found != expected {
        return Err(FormatError::Checksum { found, expected });
    }
    Ok(records)
}

/// The checksum in an intact prelude.
pub(crate) fn checksum_of(bytes: &[u8]) -> u32 {
    let prelude = present_or(bytes.first_chunk::<PRELUDE_LEN>(), &[0; PRELUDE_LEN]);
    let [.., c0, c1, c2, c3] = *prelude;
    u32::from_le_bytes([c0, c1, c2, c3])
}

/// The records that are still to be read, and the first fault.
///
/// A reader that meets a fault keeps it here and returns `None`. A `Result` with the fault would be larger
/// than the values that are read, and every `?` would copy it.
#[derive(Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    record: RecordId,
    fault: Option<FormatError>,
}

impl<'a> Records<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, record: RecordId::Header, fault: None }
    }

    /// Sets the record that is read next. Errors name it.
    pub(crate) const fn enter(&mut self, record: RecordId) {
        self.record = record;
    }

    /// The record that is being read.
    pub(crate) const fn record(&self) -> RecordId {
        self.record
    }

    /// The bytes that are still to be read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Continues with `bytes`. Returns the old bytes that were still to be read.
    pub(crate) const fn replace(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        mem::replace(&mut self.rest, bytes)
    }

    /// Takes the next value. A record is its fields one after another.
    #[inline(never)]
    pub(crate) fn next<T: Deserialize<'a>>(&mut self) -> Option<T> {
        match postcard::take_from_bytes(self.rest) {
            Ok((value, rest)) => {
                self.rest = rest;
                Some(value)
            }
            Err(_) => self.fail(FormatError::Record { record: self.record }),
        }
    }

    /// Takes the next string. It is read as a byte string, which has the same form, because one more type for
    /// [`Self::next`] would be more code in flash.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        match core::str::from_utf8(self.next()?) {
            Ok(text) => Some(text),
            Err(_) => self.fail(FormatError::Record { record: self.record }),
        }
    }

    /// Succeeds if nothing is left.
    pub(crate) fn end(&mut self) -> Option<()> {
        if self.rest.is_empty() {
            return Some(());
        }
        self.fail(FormatError::Trailing { bytes: self.rest.len() })
    }

    /// Keeps a fault and returns `None`.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail<T>(&mut self, fault: FormatError) -> Option<T> {
        self.fault = Some(fault);
        None
    }

    /// The fault that a reader met, if it returned `None`.
    pub(crate) fn into_fault(self) -> FormatError {
        self.fault.unwrap_or(FormatError::Record { record: self.record })
    }
}
