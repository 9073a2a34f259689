//! Positions beyond the ends of a row of pixels.

/// Position `i` of a row of `len` continued by reflection: … 2 1 0 1 2 … and likewise at the end,
/// over and over.
pub(super) const fn reflect(i: isize, len: usize) -> usize {
    let period = if len > 1 { 2 * (len - 1) } else { 1 };
    let i = i.unsigned_abs() % period;
    if i < len { i } else { period - i }
}
