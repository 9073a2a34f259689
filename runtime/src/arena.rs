//! The caller's scratch memory, cut into buffers stage by stage.
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
//! [`len`] is the largest sum of a line. A patch stem uses what its embedding does.

use crate::arithmetic::{Arithmetic, Int8};
use crate::config::{ConvKind, Grid, Pool, StemGeometry, StemSpec, VitConfig};
use core::mem;

/// Alignment of the arena's first used byte and of every i32 buffer.
const ALIGN: usize = mem::align_of::<i32>();

/// The part of an arena that starts and ends at a multiple of [`ALIGN`].
pub(crate) fn align(arena: &mut [u8]) -> &mut [u8] {
    let (_, words, _) = bytemuck::pod_align_to_mut::<u8, i32>(arena);
    bytemuck::cast_slice_mut(words)
}

/// Cuts buffers off both ends of an aligned arena.
pub(crate) struct Carver<'a> {
    rest: &'a mut [u8],
    /// Bytes cut off the front so far.
    used: usize,
}

impl<'a> Carver<'a> {
    pub(crate) const fn new(arena: &'a mut [u8]) -> Self {
        Self { rest: arena, used: 0 }
    }

    /// The next `len` values at the front, aligned for them; `None` if too little is left.
    pub(crate) fn front<T: bytemuck::Pod>(&mut self, len: usize) -> Option<&'a mut [T]> {
        let padding = self.used.next_multiple_of(mem::align_of::<T>()) - self.used;
        let bytes = len.checked_mul(mem::size_of::<T>())?;
        let rest = mem::take(&mut self.rest);
        let (_, rest) = rest.split_at_mut_checked(padding)?;
        let (cut, rest) = rest.split_at_mut_checked(bytes)?;
        self.rest = rest;
        self.used += padding + bytes;
        bytemuck::try_cast_slice_mut(cut).ok()
    }

    /// As many rows of `len` values as there is room for at the front, at most `most`; `None` if
    /// not even one fits.
    pub(crate) fn rows<T: bytemuck::Pod>(
        &mut self,
        len: usize,
        most: usize,
    ) -> Option<&'a mut [T]> {
        let padding = self.used.next_multiple_of(mem::align_of::<T>()) - self.used;
        let room = self.rest.len().saturating_sub(padding);
        let count = room.checked_div(len.checked_mul(mem::size_of::<T>())?)?;
        self.front(len.checked_mul(count.clamp(1, most.max(1)))?)
    }

    /// The last `len` values, which end at the arena's end; `None` if too little is left, or if
    /// something that is no multiple of their alignment was cut off the back before.
    pub(crate) fn back<T: bytemuck::Pod>(&mut self, len: usize) -> Option<&'a mut [T]> {
        let bytes = len.checked_mul(mem::size_of::<T>())?;
        let rest = mem::take(&mut self.rest);
        let (rest, cut) = rest.split_at_mut_checked(rest.len().checked_sub(bytes)?)?;
        self.rest = rest;
        bytemuck::try_cast_slice_mut(cut).ok()
    }
}

impl VitConfig {
    /// Bytes of arena that an int8 forward pass needs, at any alignment.
    pub fn arena_len(&self) -> usize {
        len::<Int8>(self)
    }

    /// Bytes that each stage of an int8 forward pass uses of its arena, which is as long as the
    /// largest, with room to align both ends.
    pub fn arena_stages(&self) -> [(&'static str, usize); 5] {
        stages::<Int8>(self)
    }
}

/// Bytes of arena that a forward pass needs, at any alignment.
pub(crate) fn len<A: Arithmetic>(config: &VitConfig) -> usize {
    let most = stages::<A>(config).into_iter().fold(0, |most, (_, bytes)| bytes.max(most));
    // Up to three bytes are lost at each end of an unaligned arena.
    most.next_multiple_of(ALIGN) + 2 * (ALIGN - 1)
}

/// Bytes of each line of the table above.
fn stages<A: Arithmetic>(config: &VitConfig) -> [(&'static str, usize); 5] {
    let (act, acc) = (mem::size_of::<A::Act>(), mem::size_of::<A::Acc>());
    let (tokens, dim, width) = (config.tokens(), config.dim(), config.attention_dim());
    let stream = mem::size_of::<A::Residual>() * tokens * dim;
    let attention =
        stream.next_multiple_of(ALIGN) + acc * tokens + act * tokens * (dim.max(width) + 3 * width);
    let mlp = stream.next_multiple_of(ALIGN) + act * (mlp_front(config) + mlp_back(config));
    let last = stream.next_multiple_of(ALIGN) + act * tokens * dim;
    [
        ("stem", stem_bytes(config, act, stream)),
        ("attention", attention),
        ("mlp", mlp),
        ("norm", last),
        ("head", head_bytes(config, act, acc)),
    ]
}

fn stem_bytes(config: &VitConfig, act: usize, stream: usize) -> usize {
    if let (StemSpec::Patches { .. }, Some(patch)) = (&config.spec().stem, config.patch_len()) {
        return stream.next_multiple_of(ALIGN) + act * patch;
    }
    let mut most = 0;
    let mut stages = config.stem_stages().peekable();
    while let Some(geometry) = stages.next() {
        let beside = act * stage_values(&geometry);
        most = most.max(match stages.peek() {
            Some(_) if geometry.stage.is_residual() => beside,
            Some(_) => beside + act * geometry.output.len(),
            None => beside + stream.next_multiple_of(ALIGN),
        });
    }
    most
}

/// Values that a stem stage keeps besides its output: its input, windows of one row, and what lies
/// between its convolutions. A residual stage writes its output over its input.
fn stage_values(geometry: &StemGeometry) -> usize {
    let mut values = geometry.input.len();
    let mut convs = geometry.convs().peekable();
    while let Some(conv) = convs.next() {
        if conv.kind == ConvKind::Full {
            values += window_len(conv.input, conv.output.width);
        }
        if convs.peek().is_some() {
            values += conv.output.len();
        }
    }
    values
}

/// Values of the 3×3 windows of one output row.
pub(crate) const fn window_len(input: Grid, output_width: usize) -> usize {
    9 * input.channels * output_width
}

/// Values of the MLP's buffer that begins as normalised tokens.
pub(crate) fn mlp_front(config: &VitConfig) -> usize {
    let mlp = config.spec().mlp;
    let depthwise = if mlp.depthwise { config.mlp_dim() } else { 0 };
    config.tokens() * config.dim().max(depthwise)
}

/// Values of the MLP's buffer that begins as hidden values.
pub(crate) fn mlp_back(config: &VitConfig) -> usize {
    let mlp = config.spec().mlp;
    let second = if mlp.depthwise && mlp.second_gelu { config.dim() } else { 0 };
    config.tokens() * config.mlp_dim().max(second)
}

/// Bytes of the pool and the head, tokens included.
fn head_bytes(config: &VitConfig, act: usize, acc: usize) -> usize {
    let (sums, embedding) = match config.spec().pool {
        Pool::Mean => (config.dim(), config.dim()),
        Pool::Flatten => (0, 0),
    };
    let hidden: usize = config.spec().hidden.iter().map(|&width| usize::from(width)).sum();
    let tokens = config.tokens() * config.dim();
    (acc * (sums + config.classes()) + act * (embedding + hidden)).next_multiple_of(ALIGN)
        + act * tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Preset;

    #[test]
    fn micro_fits_40_kib() {
        let len = Preset::Micro.config(10).unwrap().arena_len();
        assert!(len <= 40 * 1024, "{len} bytes");
    }

    #[test]
    fn the_largest_stage_decides() {
        for preset in Preset::ALL {
            let config = preset.config(10).unwrap();
            let most = config.arena_stages().into_iter().map(|(_, bytes)| bytes).max().unwrap();
            let len = config.arena_len();
            assert!(len >= most && len < most + 10, "{}: {most} of {len}", preset.name());
        }
    }

    #[test]
    fn buffers_are_aligned_and_disjoint() {
        let mut storage = [0u8; 64];
        for offset in 0..4 {
            let mut carver = Carver::new(align(&mut storage[offset..]));
            let bytes = carver.front::<u8>(3).unwrap();
            bytes.fill(1);
            let words = carver.front::<i32>(2).unwrap();
            words.fill(-1);
            let tail = carver.back::<u8>(5).unwrap();
            tail.fill(2);
            assert_eq!((bytes, tail), (&mut [1; 3][..], &mut [2; 5][..]), "offset {offset}");
            assert!(carver.front::<i32>(100).is_none(), "more than is left");
        }
    }
}
