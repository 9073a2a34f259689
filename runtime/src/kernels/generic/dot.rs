//! Products of two rows.

/// `Σ x · w`, of as many values as the shorter row has.
#[inline]
pub(super) fn dot(x: &[i8], w: &[i8]) -> i32 {
    x.iter().zip(w).map(|(&x, &w)| i32::from(x) * i32::from(w)).sum()
}
