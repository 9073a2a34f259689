//! Bytes of scratch memory that a forward pass needs, stage by stage.
//!
//! | stage | front | back |
//! |---|---|---|
//! | stem convolution | one of its two tensors, windows of one row | the other tensor |
//! | embedding | residual stream, windows of one row | the last stem tensor |
//! | attention | residual stream, scores of one row, normalised tokens then context | query, key, value |
//! | MLP | residual stream, normalised tokens then depthwise output | hidden values |
//! | last normalisation | residual stream | tokens |
//! | head | sums, logits, embedding, hidden values | tokens |
//!
//! The line with the largest sum gives the length of the arena. A patch stem has only the embedding. The
//! forward pass cuts its buffers in this order.

use super::checked::VitConfig;
use super::spec::{Pool, StemSpec};
use super::stem::StemGeometry;

/// Alignment of the arena's first used byte and of every buffer of 4-byte values.
const ALIGN: usize = align_of::<i32>();

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
    const INT8: Self = Self { activation: 1, residual: 2, accumulator: 4 };
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

impl VitConfig {
    /// Bytes of arena that an int8 forward pass needs, at any alignment.
    pub fn arena_len(&self) -> usize {
        self.arena_len_of(ValueBytes::INT8)
    }

    /// What each stage of an int8 forward pass uses of its arena. The arena is as long as the largest
    /// stage, with room to align both ends.
    pub fn arena_stages(&self) -> [ArenaStage; 5] {
        self.arena_stages_of(ValueBytes::INT8)
    }

    /// [`Self::arena_len`] for values of other sizes.
    pub(crate) fn arena_len_of(&self, of: ValueBytes) -> usize {
        let stages = self.arena_stages_of(of);
        let max = stages.iter().fold(0, |max, stage| stage.bytes.max(max));
        // Up to three bytes are lost at each end of an unaligned arena.
        max.next_multiple_of(ALIGN) + 2 * (ALIGN - 1)
    }

    /// Bytes of each line of the table above.
    fn arena_stages_of(&self, of: ValueBytes) -> [ArenaStage; 5] {
        let (tokens, dim, width) = (self.tokens(), self.dim(), self.attention_dim());
        let stream = (of.residual * tokens * dim).next_multiple_of(ALIGN);
        let attention = stream
            + of.accumulator * tokens
            + of.activation * tokens * (dim.max(width) + 3 * width);
        let mlp = stream + of.activation * (self.mlp_front_len() + self.mlp_back_len());
        let norm = stream + of.activation * tokens * dim;
        [
            ArenaStage { name: "stem", bytes: self.stem_bytes(of.activation, stream) },
            ArenaStage { name: "attention", bytes: attention },
            ArenaStage { name: "mlp", bytes: mlp },
            ArenaStage { name: "norm", bytes: norm },
            ArenaStage { name: "head", bytes: self.head_bytes(of) },
        ]
    }

    /// Values of the MLP's buffer that begins as normalised tokens.
    pub(crate) fn mlp_front_len(&self) -> usize {
        let depthwise = if self.spec().mlp.depthwise { self.mlp_dim() } else { 0 };
        self.tokens() * self.dim().max(depthwise)
    }

    /// Values of the MLP's buffer that begins as hidden values.
    pub(crate) fn mlp_back_len(&self) -> usize {
        let mlp = self.spec().mlp;
        let second = if mlp.depthwise && mlp.second_gelu { self.dim() } else { 0 };
        self.tokens() * self.mlp_dim().max(second)
    }

    /// Bytes of the stem and the embedding, where the residual stream takes `stream` bytes.
    fn stem_bytes(&self, act: usize, stream: usize) -> usize {
        if let (StemSpec::Patches { .. }, Some(patch)) = (&self.spec().stem, self.patch_len()) {
            return stream + act * patch;
        }
        // Of the stages before the last one, and of the last one beside the residual stream.
        let (mut max, mut before, mut last) = (0, 0, 0);
        for geometry in self.stem_stages() {
            max = before.max(max);
            let beside = act * stage_values(&geometry);
            let output = if geometry.stage.is_residual() { 0 } else { geometry.output.len() };
            (before, last) = (beside + act * output, beside + stream);
        }
        max.max(last)
    }

    /// Bytes of the pool and the head, tokens included.
    fn head_bytes(&self, of: ValueBytes) -> usize {
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

/// Values that a stem stage keeps besides its output: its input, windows of one row, and what lies
/// between its convolutions. A residual stage writes its output over its input.
fn stage_values(geometry: &StemGeometry) -> usize {
    let all: usize = geometry.convs().map(|conv| conv.window_row_len() + conv.output.len()).sum();
    geometry.input.len() + all - geometry.output.len()
}

#[cfg(test)]
mod tests {
    use super::super::preset::Preset;

    #[test]
    fn micro_fits_40_kib() {
        let len = Preset::Micro.config(10).unwrap().arena_len();
        assert!(len <= 40 * 1024, "{len} bytes");
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
