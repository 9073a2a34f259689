//! The best few of many, in order.

use heapless::Vec;

/// Inserts a value after those that come before it. A full list drops its last value, which may be the new
/// one.
#[inline]
pub(crate) fn rank<T, const K: usize>(
    ranked: &mut Vec<T, K>,
    value: T,
    before: impl Fn(&T) -> bool,
) {
    let mut carried = value;
    let place = ranked.iter().take_while(|other| before(other)).count();
    for slot in ranked.iter_mut().skip(place) {
        core::mem::swap(slot, &mut carried);
    }
    // A full list drops its last value.
    let _ = ranked.push(carried);
}
