//! Where the buffers of a forward pass lie in the arena, for programs that show it.

use super::arena::ValueBytes;
use super::checked::VitConfig;

/// A step of a forward pass. Buffers change their places only between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ArenaStep {
    /// One convolution of the stem. All of them run for each row of the image.
    Stem {
        /// Number of its stage.
        stage: usize,
        /// Its number within the stage.
        conv: usize,
    },
    /// The layer over patches.
    Patches,
    /// Attention of one block.
    Attention,
    /// The MLP of one block.
    Mlp,
    /// The last normalisation.
    Norm,
    /// Pool and class head.
    Head,
}

/// What a buffer of the arena holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ArenaContents {
    /// The residual stream.
    Residual,
    /// Rows of the image, or of the output of a convolution, that are kept for the next row.
    KeptRows,
    /// Values that only this step needs.
    Scratch,
    /// Tokens after the last normalisation.
    Tokens,
}

/// A buffer of the arena during a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ArenaBuffer {
    /// What it holds.
    pub contents: ArenaContents,
    /// Bytes of the aligned arena before it.
    pub start: usize,
    /// Its length.
    pub bytes: usize,
}

impl ArenaBuffer {
    const fn new(contents: ArenaContents, start: usize, bytes: usize) -> Self {
        Self { contents, start, bytes }
    }
}

impl VitConfig {
    /// Calls `each` with the buffers of an int8 forward pass in an arena of [`Self::arena_len`] bytes, step by step
    /// in the order of the pass. Attention and MLP come once, because their buffers are the same in all blocks.
    ///
    /// Buffers without bytes are left out. The buffers of a step do not overlap. All other bytes are free
    /// during the step.
    pub fn for_each_arena_buffer(&self, mut each: impl FnMut(ArenaStep, ArenaBuffer)) {
        let len = self.arena_bytes(ValueBytes::INT8, false);
        self.stem_buffers(len, &mut each);
        let (tokens, dim, width) = (self.tokens(), self.dim(), self.attention_dim());
        let stream = self.residual_buffer();
        let mut scratch = |step, bytes| {
            each(step, stream);
            each(step, ArenaBuffer::new(ArenaContents::Scratch, stream.bytes, bytes));
        };

        let packed = size_of::<i32>() * tokens + 3 * tokens * width;
        let free = len.saturating_sub(stream.bytes + packed);
        let together = self.together(free.checked_div(dim).unwrap_or(0));
        scratch(ArenaStep::Attention, packed + together * dim);
        let plan = self.mlp_plan();
        scratch(ArenaStep::Mlp, plan.values(plan.rows_in(len.saturating_sub(stream.bytes))));

        let bytes = tokens * dim;
        let normed = ArenaBuffer::new(ArenaContents::Tokens, len - bytes, bytes);
        each(ArenaStep::Norm, stream);
        each(ArenaStep::Norm, normed);
        let head = self.head_bytes(ValueBytes::INT8) - bytes;
        each(ArenaStep::Head, ArenaBuffer::new(ArenaContents::Scratch, 0, head));
        each(ArenaStep::Head, normed);
    }

    /// The buffers before the blocks.
    fn stem_buffers(&self, len: usize, each: &mut impl FnMut(ArenaStep, ArenaBuffer)) {
        let stream = self.residual_buffer();
        let scratch =
            |before, bytes| ArenaBuffer::new(ArenaContents::Scratch, stream.bytes + before, bytes);
        if let Some(patch) = self.patch_len() {
            each(ArenaStep::Patches, stream);
            each(ArenaStep::Patches, scratch(0, patch));
            let (start, bytes) = (len - self.tick_bytes(), self.tick_bytes());
            let rows = ArenaBuffer::new(ArenaContents::KeptRows, start, bytes);
            each(ArenaStep::Patches, rows);
            return;
        }
        // Kept rows lie at the back of the arena, the rows of the image last. The rows of each later tensor
        // lie before those of the earlier ones.
        let grid = self.image();
        let image = self.image_capacity(false) * grid.width * grid.channels;
        let kept = || {
            let convs = self.row_convs().filter(|conv| conv.next.is_some() && !conv.is_passed_on());
            let tensors = convs.map(|conv| conv.row_len() * conv.capacity(false));
            core::iter::once(image).chain(tensors).scan(len, |end, bytes| {
                *end -= bytes;
                Some(ArenaBuffer::new(ArenaContents::KeptRows, *end, bytes))
            })
        };
        let (mut stage, mut passed_on) = (0, 0);
        for (number, row_conv) in self.row_convs().enumerate() {
            let conv = usize::from(row_conv.conv.index);
            stage += usize::from(conv == 0 && number > 0);
            let step = ArenaStep::Stem { stage, conv };
            let mut bytes = passed_on + row_conv.windows_len(false);
            passed_on = if row_conv.is_passed_on() { row_conv.row_len() } else { 0 };
            bytes += passed_on;
            each(step, stream);
            if bytes > 0 {
                each(step, scratch(0, bytes));
            }
            kept().for_each(|buffer| each(step, buffer));
        }
    }

    fn residual_buffer(&self) -> ArenaBuffer {
        let bytes = size_of::<i16>() * self.tokens() * self.dim();
        ArenaBuffer::new(ArenaContents::Residual, 0, bytes.next_multiple_of(align_of::<i32>()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::preset::Preset;
    use super::super::spec::Pool;
    use super::*;

    #[test]
    fn buffers_of_a_step_fit_side_by_side_and_the_largest_are_those_of_the_stages() {
        for preset in Preset::ALL {
            let config = preset.config(10).unwrap();
            let mut steps: Vec<(ArenaStep, Vec<ArenaBuffer>)> = Vec::new();
            config.for_each_arena_buffer(|step, buffer| match steps.last_mut() {
                Some((last, buffers)) if *last == step => buffers.push(buffer),
                _ => steps.push((step, vec![buffer])),
            });
            let len = config.arena_len();
            let mut stem = 0;
            for (step, buffers) in &mut steps {
                buffers.sort_by_key(|buffer| buffer.start);
                let mut end = 0;
                for buffer in &*buffers {
                    assert!(buffer.bytes > 0, "{}, {step:?}: nothing", preset.name());
                    assert!(buffer.start >= end, "{}, {step:?}: {buffers:?}", preset.name());
                    end = buffer.start + buffer.bytes;
                }
                assert!(end <= len, "{}, {step:?}: beyond the arena", preset.name());
                if matches!(step, ArenaStep::Stem { .. } | ArenaStep::Patches) {
                    stem = stem.max(buffers.iter().map(|buffer| buffer.bytes).sum());
                }
            }
            let [first, ..] = config.arena_stages();
            assert_eq!(stem, first.bytes, "{}: the stem", preset.name());
            let convs = config.stem_convs().count().max(1);
            assert_eq!(steps.len(), convs + 4, "{}: steps", preset.name());
        }
    }

    #[test]
    fn a_pool_of_tokens_is_before_them() {
        let config = Preset::Micro.config(10).unwrap();
        assert_eq!(config.spec().pool, Pool::Mean, "the pool");
        let mut head = Vec::new();
        config.for_each_arena_buffer(|step, buffer| {
            if step == ArenaStep::Head {
                head.push(buffer);
            }
        });
        let scratch = ArenaBuffer::new(ArenaContents::Scratch, 0, 4 * 64 + 4 * 10 + 64);
        assert_eq!(head[0], scratch, "sums, logits, embedding");
        assert_eq!(head[1].bytes, 64 * 64, "tokens");
    }
}
