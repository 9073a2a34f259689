//! Numbers of a blob as vectors.

use super::vector::Lanes;

/// The first numbers, zeros beyond the last.
#[inline(always)]
pub(super) fn load<S: Lanes>(s: S, words: &[[u8; 4]]) -> S::V {
    let mut group = S::ZEROS;
    for (to, word) in group.as_mut().iter_mut().zip(words) {
        *to = f32::from_le_bytes(*word);
    }
    s.load(&group)
}
