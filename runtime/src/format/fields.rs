//! Fields of records with their checks: every length, and the range of every value.

use super::le::{I16Le, I32Le};
use super::limits::Limits;
use super::read::Records;
use crate::error::FormatError;

impl<'a> Records<'a> {
    /// Succeeds for a value in its range.
    #[inline(never)]
    pub(crate) fn within(&mut self, limits: &Limits, found: i64) -> Option<()> {
        let Limits { field, min, max } = *limits;
        if found >= min && found <= max {
            return Some(());
        }
        self.fail(FormatError::Range { record: self.record(), field, found, min, max })
    }

    /// The next u32, in its range.
    #[inline(never)]
    pub(crate) fn u32_within(&mut self, limits: &Limits) -> Option<u32> {
        let value = self.next::<u32>()?;
        self.within(limits, value.into())?;
        Some(value)
    }

    /// The next byte, in its range.
    #[inline(never)]
    pub(crate) fn u8_within(&mut self, limits: &Limits) -> Option<u8> {
        let value = self.next::<u8>()?;
        self.within(limits, value.into())?;
        Some(value)
    }

    /// The tag of an optional part, which must be as expected: a byte of 0 or 1, as a `bool` is.
    #[inline(never)]
    pub(crate) fn present(&mut self, field: &'static str, expected: bool) -> Option<bool> {
        if self.next::<bool>()? == expected {
            return Some(expected);
        }
        self.fail(FormatError::Presence { record: self.record(), field, expected })
    }

    /// The next byte string, of `expected` bytes.
    #[inline(never)]
    pub(crate) fn bytes(&mut self, tensor: &'static str, expected: usize) -> Option<&'a [u8]> {
        let bytes: &[u8] = self.next()?;
        let found = bytes.len();
        if found == expected {
            return Some(bytes);
        }
        self.fail(FormatError::TensorLen { record: self.record(), tensor, found, expected })
    }

    /// `n` values in their range.
    #[inline(never)]
    pub(crate) fn i32s(&mut self, limits: &Limits, n: usize) -> Option<I32Le<'a>> {
        let values = I32Le::new(self.bytes(limits.field, n.saturating_mul(4))?)?;
        for value in values.iter() {
            self.within(limits, value.into())?;
        }
        Some(values)
    }

    /// `n` values.
    pub(crate) fn i16s(&mut self, tensor: &'static str, n: usize) -> Option<I16Le<'a>> {
        I16Le::new(self.bytes(tensor, n.saturating_mul(2))?)
    }

    /// `n` biases.
    pub(crate) fn bias(&mut self, n: usize) -> Option<I32Le<'a>> {
        self.i32s(&Limits::BIAS, n)
    }

    /// A normalised multiplier.
    pub(crate) fn mult(&mut self) -> Option<u32> {
        self.u32_within(&Limits::MULT)
    }

    /// What is added to a variance.
    pub(crate) fn eps(&mut self) -> Option<u32> {
        self.u32_within(&Limits::EPS)
    }
}
