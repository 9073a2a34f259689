//! Weights of sixteen output channels side by side, in the order in which a vector reads them.
//!
//! A panel is packed on the stack, once in each call, and serves all rows of the call. Panels packed
//! once for each model would be copies of the blob's weights in memory.

use crate::rows::{part, part_mut, rows};

/// Output channels of a panel.
pub(super) const CHANNELS: usize = 16;
/// Maximum number of inputs of a panel. It bounds the stack of a call.
pub(super) const MAX_K: usize = 1152;
/// Minimum number of rows for which a packed panel is faster.
pub(super) const MIN_ROWS: usize = 4;

/// Groups of `G = W / CHANNELS` inputs of all channels, `[group][channel][G]`; zero beyond the last
/// input and the last channel.
pub(super) struct Panel<T, const W: usize, const GROUPS: usize> {
    groups: [[T; W]; GROUPS],
    len: usize,
}

impl<T: Copy, const W: usize, const GROUPS: usize> Panel<T, W, GROUPS> {
    /// An empty panel whose unused places hold `zero`.
    pub(super) const fn new(zero: T) -> Self {
        Self { groups: [[zero; W]; GROUPS], len: 0 }
    }

    /// Packs up to sixteen rows of `k` weights; `zero` fills the other places.
    #[inline]
    pub(super) fn pack(&mut self, weights: &[i8], k: usize, zero: T, convert: impl Fn(i8) -> T) {
        let group = W / CHANNELS;
        self.len = k.div_ceil(group).min(GROUPS);
        let partial = weights.len() < CHANNELS * k || !k.is_multiple_of(group);
        if partial {
            for slots in self.groups.iter_mut().take(self.len) {
                slots.fill(zero);
            }
        }
        for (channel, row) in rows(weights, k).take(CHANNELS).enumerate() {
            for (slots, weights) in self.groups.iter_mut().zip(row.chunks(group)) {
                let place = part_mut(slots, channel * group, group);
                for (slot, &weight) in place.iter_mut().zip(weights) {
                    *slot = convert(weight);
                }
            }
        }
    }

    /// The packed groups.
    #[inline]
    pub(super) fn groups(&self) -> &[[T; W]] {
        part(&self.groups, 0, self.len)
    }
}
