//! Positions beyond the ends of a row of pixels.

/// The position within `0..len` for any position `i`, by reflection at both ends: −1 becomes 1, and `len`
/// becomes `len − 2`.
pub(super) const fn reflect(i: isize, len: usize) -> usize {
    let period = if len > 1 { 2 * (len - 1) } else { 1 };
    let i = i.unsigned_abs() % period;
    if i < len { i } else { period - i }
}
