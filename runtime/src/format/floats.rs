//! Fields of floating-point numbers, each of which must be finite.

use super::le::{F16Le, F32Le};
use super::read::Records;
use crate::error::FormatError;

impl<'a> Records<'a> {
    /// `n` values.
    pub(crate) fn f32s(&mut self, tensor: &'static str, n: usize) -> Option<F32Le<'a>> {
        let values = F32Le::new(self.bytes(tensor, n.saturating_mul(4))?)?;
        self.finite(tensor, values.iter())?;
        Some(values)
    }

    /// `n` values.
    pub(crate) fn f16s(&mut self, tensor: &'static str, n: usize) -> Option<F16Le<'a>> {
        let values = F16Le::new(self.bytes(tensor, n.saturating_mul(2))?)?;
        if values.are_finite() {
            return Some(values);
        }
        self.fail(FormatError::NotFinite { record: self.record(), tensor })
    }

    /// Succeeds if every value is finite.
    pub(crate) fn finite(
        &mut self,
        tensor: &'static str,
        mut values: impl Iterator<Item = f32>,
    ) -> Option<()> {
        if values.all(f32::is_finite) {
            return Some(());
        }
        self.fail(FormatError::NotFinite { record: self.record(), tensor })
    }
}
