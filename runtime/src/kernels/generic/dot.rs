//! Dot product of two rows.

/// `Σ x[i] · w[i]` over the length of the shorter row. At most 65,535 values (`MAX_K`), so the sum fits i32.
#[inline]
pub(super) fn dot(x: &[i8], w: &[i8]) -> i32 {
    x.iter().zip(w).map(|(&x, &w)| i32::from(x) * i32::from(w)).sum()
}
