//! Bytes of scratch memory that a forward pass needs, stage by stage.
//!
//! | stage | beside the residual stream |
//! |---|---|
//! | stem | the last rows of each tensor that a window or a sum still reads; a row between two convolutions, and a few windows |
//! | patches | one patch; the rows of a patch where the image comes row by row |
//! | attention | scores of one row, query, key and value of all tokens, a few normalised tokens |
//! | MLP | a few rows of the token grid: normalised tokens, hidden values, output of the depthwise convolution |
//! | last normalisation | tokens |
//! | head | tokens, sums, logits, embedding, hidden values; no residual stream |
//!
//! The line with the largest sum gives the length of the arena. A line that would leave some of this memory
//! free takes more than "a few" at a time. The forward pass cuts its buffers in the order of
//! [`VitConfig::arena_stages`].

use super::checked::VitConfig;
use super::grid::Grid;
use super::spec::Pool;

/// Alignment of every buffer of 4-byte values.
const ALIGN: usize = align_of::<i32>();
/// The used length of an arena is a multiple of this. Thus neither the used length of an arena of the
/// smallest length nor the number of tokens that are computed together depends on its address.
pub(crate) const UNIT: usize = 2 * ALIGN;
/// Smallest number of tokens that are normalised and projected together.
const FEW_TOKENS: usize = 8;

/// Bytes of the values of an arithmetic.
#[derive(Clone, Copy, Debug)]
pub struct ValueBytes {
    /// Of a stored activation.
    pub activation: usize,
    /// Of a value of the residual stream.
    pub residual: usize,
    /// Of a score, a pooled sum or a logit.
    pub accumulator: usize,
}

impl ValueBytes {
    pub(super) const INT8: Self = Self { activation: 1, residual: 2, accumulator: 4 };
}

/// What one stage of the forward pass uses of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ArenaStage {
    /// Which stage: `stem`, `attention`, `mlp`, `norm` or `head`.
    pub name: &'static str,
    /// Bytes of all its buffers.
    pub bytes: usize,
}

/// The buffers of an MLP beside the residual stream, in values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MlpPlan {
    /// The grid that is computed row by row: a row of it, or one token where there is no depthwise
    /// convolution. `channels` are the hidden ones.
    pub(crate) grid: Grid,
    /// Rows of hidden values that are kept for the next window.
    pub(crate) keep: usize,
    /// Values of one row of the buffer that holds normalised tokens, then outputs of the depthwise
    /// convolution or of the second layer.
    pub(crate) front: usize,
    /// Values of one row of the buffer for the second layer, if GELU follows that layer and `front` is in
    /// use.
    pub(crate) second: usize,
}

/// `rows`, but at most `all`. Between four and `all` it is rounded down to a multiple of four, because
/// kernels take four rows at a time.
fn few_or_fours(rows: usize, all: usize) -> usize {
    if rows >= all {
        all
    } else if rows >= 4 {
        rows & !3
    } else {
        rows.max(1)
    }
}

impl MlpPlan {
    /// Rows of hidden values, if `rows` are computed together.
    pub(crate) fn hidden_rows(&self, rows: usize) -> usize {
        self.grid.height.min(rows + self.keep)
    }

    /// As many rows as there is room for in `values`, at least one.
    pub(crate) fn rows_in(&self, values: usize) -> usize {
        let Grid { height, width, channels } = self.grid;
        if self.values(height) <= values {
            return height;
        }
        let kept = self.keep * width * channels;
        let row = width * channels + self.front + self.second;
        let rows = values.saturating_sub(kept).checked_div(row).unwrap_or(0);
        if self.keep == 0 { few_or_fours(rows, height) } else { rows.min(height).max(1) }
    }

    /// Values of all buffers.
    pub(super) fn values(&self, rows: usize) -> usize {
        let hidden = self.hidden_rows(rows) * self.grid.width * self.grid.channels;
        hidden + rows * (self.front + self.second)
    }
}

impl VitConfig {
    /// Bytes of arena that an int8 forward pass needs, at any alignment.
    pub fn arena_len(&self) -> usize {
        self.arena_len_of(ValueBytes::INT8, false)
    }

    /// Bytes of arena, at any alignment, with which a computer computes whole tensors. This is faster
    /// there.
    pub fn arena_len_fast(&self) -> usize {
        self.arena_len_of(ValueBytes::INT8, true)
    }

    /// What each stage of an int8 forward pass uses of an arena of [`Self::arena_len`] bytes.
    pub fn arena_stages(&self) -> [ArenaStage; 5] {
        self.arena_stages_of(ValueBytes::INT8, false)
    }

    /// [`Self::arena_len`], or [`Self::arena_len_fast`] if tensors are whole, for values of other sizes.
    pub(crate) fn arena_len_of(&self, of: ValueBytes, whole: bool) -> usize {
        // Up to three bytes are lost at each end of an unaligned arena.
        self.arena_bytes(of, whole).saturating_add(2 * (ALIGN - 1))
    }

    /// [`Self::arena_len_of`] for an aligned arena.
    pub(crate) fn arena_bytes(&self, of: ValueBytes, whole: bool) -> usize {
        let stages = self.arena_stages_of(of, whole);
        let max = stages.iter().fold(0, |max, stage| stage.bytes.max(max));
        max.checked_next_multiple_of(UNIT).unwrap_or(usize::MAX)
    }

    /// Bytes of each line of the table above.
    fn arena_stages_of(&self, of: ValueBytes, whole: bool) -> [ArenaStage; 5] {
        let (tokens, dim, width) = (self.tokens(), self.dim(), self.attention_dim());
        let stream = (of.residual * tokens * dim).next_multiple_of(ALIGN);
        let together = self.few_tokens(whole);
        let attention =
            of.accumulator * tokens + of.activation * (3 * tokens * width + together * dim);
        let plan = self.mlp_plan();
        let rows = if whole { plan.grid.height } else { self.few_rows() };
        let stem = match self.patch_len() {
            // The rows of a patch are bytes.
            Some(patch) => {
                self.tick_bytes() + of.activation * patch * if whole { tokens } else { 1 }
            }
            None => of.activation.saturating_mul(self.stem_row_values(whole)),
        };
        [
            ArenaStage { name: "stem", bytes: stream.saturating_add(stem) },
            ArenaStage { name: "attention", bytes: stream + attention },
            ArenaStage { name: "mlp", bytes: stream + of.activation * plan.values(rows) },
            ArenaStage { name: "norm", bytes: stream + of.activation * tokens * dim },
            ArenaStage { name: "head", bytes: self.head_bytes(of) },
        ]
    }

    /// How many tokens attention normalises together if the arena has room for `tokens`.
    pub(crate) fn together(&self, tokens: usize) -> usize {
        few_or_fours(tokens, self.tokens())
    }

    /// Smallest number of tokens that attention normalises together.
    fn few_tokens(&self, whole: bool) -> usize {
        if whole { self.tokens() } else { self.tokens().min(FEW_TOKENS) }
    }

    /// Smallest number of rows of [`MlpPlan::grid`] that an MLP computes together.
    fn few_rows(&self) -> usize {
        if self.spec().mlp.depthwise { 1 } else { self.few_tokens(false) }
    }

    /// How an MLP runs.
    pub(crate) fn mlp_plan(&self) -> MlpPlan {
        let (dim, channels) = (self.dim(), self.mlp_dim());
        let grid = self.token_grid().filter(|_| self.spec().mlp.depthwise);
        match grid {
            None => MlpPlan {
                grid: Grid { height: self.tokens(), width: 1, channels },
                keep: 0,
                front: dim,
                second: 0,
            },
            Some(grid) => MlpPlan {
                grid: Grid { channels, ..grid },
                keep: 2,
                front: grid.width * dim.max(channels),
                second: if self.spec().mlp.second_gelu { grid.width * dim } else { 0 },
            },
        }
    }

    /// Bytes of the pool and the head, tokens included.
    pub(super) fn head_bytes(&self, of: ValueBytes) -> usize {
        let (sums, embedding) = match self.spec().pool {
            Pool::Mean => (self.dim(), self.dim()),
            Pool::Flatten => (0, 0),
        };
        let hidden: usize = self.spec().hidden.iter().map(|&width| usize::from(width)).sum();
        let tokens = self.tokens() * self.dim();
        (of.accumulator * (sums + self.classes()) + of.activation * (embedding + hidden))
            .next_multiple_of(ALIGN)
            + of.activation * tokens
    }
}

#[cfg(test)]
mod tests {
    use super::super::preset::Preset;

    #[test]
    fn shipped_networks_fit_small_memories() {
        let limits =
            [(Preset::Compact, 60 * 1024), (Preset::Micro, 21 * 1024), (Preset::Nano, 16_896)];
        for (preset, limit) in limits {
            let len = preset.config(10).unwrap().arena_len();
            assert!(len <= limit, "{}: {len} bytes", preset.name());
        }
    }

    #[test]
    fn the_largest_stage_decides() {
        for preset in Preset::ALL {
            let config = preset.config(10).unwrap();
            let max = config.arena_stages().into_iter().map(|stage| stage.bytes).max().unwrap();
            let len = config.arena_len();
            assert!(len >= max && len < max + 10, "{}: {max} of {len}", preset.name());
        }
    }
}
