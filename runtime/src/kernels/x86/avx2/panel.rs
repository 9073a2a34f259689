//! Weights of sixteen output channels side by side, in the order in which a vector reads them.
//!
//! A product of many rows reuses a panel for every row, so that it is packed once a call, on the
//! stack. Packing for each call, and not once a model, keeps weights borrowed from the blob.

use crate::rows::{part, part_mut, rows};

/// Output channels of a panel.
pub(super) const CHANNELS: usize = 16;
/// Most inputs of a panel: bounds the stack of a call.
pub(super) const MAX_K: usize = 1152;
/// Rows from which packing a panel pays.
pub(super) const MIN_ROWS: usize = 4;

/// Groups of `G` inputs of all channels, `[group][channel][G]`; zero beyond `k` and beyond the
/// channels that there are.
pub(super) struct Panel<T, const W: usize, const GROUPS: usize> {
    groups: [[T; W]; GROUPS],
    len: usize,
}

impl<T: Copy, const W: usize, const GROUPS: usize> Panel<T, W, GROUPS> {
    /// An empty panel whose unused places hold `zero`.
    pub(super) const fn new(zero: T) -> Self {
        Self { groups: [[zero; W]; GROUPS], len: 0 }
    }

    /// Packs up to sixteen rows of `k` weights; `zero` fills up.
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
