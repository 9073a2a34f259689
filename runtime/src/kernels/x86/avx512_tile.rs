//! The innermost products on AVX-512 VNNI: a few rows by a few vectors of channels, accumulators in
//! registers.
//!
//! Inputs are the unsigned side of `vpdpbusd`, as `x + 128`; `128 · Σw`, summed from the packed
//! weights, is taken off the bias. The instruction wraps modulo `2^32` and the true sum fits, so the
//! result is exact.

use super::super::Linear;
use super::avx512_packing::{Inputs, Memory};
use super::avx512_vector::{BYTES, Group, LANES, Rescale};
use crate::rows::{part, part_mut, rows_mut};
use core::arch::x86_64::*;
use core::marker::PhantomData;

/// Most vectors of channels whose accumulators are in registers together.
pub(super) const PANELS: usize = 5;
/// Most rows whose accumulators are in registers together. Where channels are few, rows are many: an
/// accumulator waits four or five cycles for itself, and up to two are added to in each.
pub(super) const ROWS: usize = 8;

/// `R` rows of inputs as `x + 128`, four at a time; all have the same length.
#[derive(Clone, Copy)]
pub(super) struct Fours<'a, const R: usize> {
    rows: [*const [u8; 4]; R],
    len: usize,
    lifetime: PhantomData<&'a [u8]>,
}

impl<'a, const R: usize> Fours<'a, R> {
    /// Rows of `len` bytes, a multiple of four, of which each begins `stride` after the one before;
    /// `count` of them lie within `all` and stand for those beyond.
    #[inline]
    pub(super) fn new(all: &'a [u8], (len, stride): (usize, usize), count: usize) -> Self {
        let last = count.saturating_sub(1);
        let inside = count > 0 && last * stride + len <= all.len();
        let first = all.as_ptr();
        let row = |row: usize| first.wrapping_add(row.min(last) * stride).cast();
        Self {
            rows: core::array::from_fn(row),
            len: if inside { len / 4 } else { 0 },
            lifetime: PhantomData,
        }
    }
}

/// Weights of `P` vectors of channels, as `[group of four inputs][panel][channel][input]`, and
/// `bias − 128 · Σw` of each channel.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a, const P: usize> {
    pub(super) groups: &'a [[Group; P]],
    pub(super) start: [__m512i; P],
}

/// How many vectors of channels the next of `left` are multiplied with at once, where `room` would hold
/// the weights of so many.
///
/// One or two left over would be slower than one or two more each.
pub(super) const fn panels(left: usize, room: usize) -> usize {
    let most = if room < PANELS { room } else { PANELS };
    match left {
        6 if most >= 3 => 3,
        _ if left <= most => left,
        _ if most == PANELS && (left % 4 == 1 || left.is_multiple_of(PANELS)) => PANELS,
        _ if most > 4 => 4,
        _ => most,
    }
}

/// Where the rows of inputs of a product come from.
pub(super) trait Source {
    /// Rows of one line; lines follow one another in the output.
    fn width(&self) -> usize;

    /// Goes on to a line.
    ///
    /// # Safety
    /// The processor must have AVX-512 F and BW.
    unsafe fn start(&mut self, line: usize);

    /// `start + Σ (x + 128) · w`, modulo `2^32`, for `R` rows of the line from `first` on. Where there are
    /// no more rows the sums do not matter.
    ///
    /// # Safety
    /// The processor must have AVX-512 F, BW and VNNI.
    unsafe fn products<const P: usize, const R: usize>(
        &mut self,
        first: usize,
        panels: &Panels<'_, P>,
    ) -> [[__m512i; P]; R];
}

/// What happens to the rescaled accumulators of a row.
pub(super) trait Store {
    /// A stored value.
    type Out;

    /// Stores the channels of the first `P` vectors, as many as `out` has.
    ///
    /// # Safety
    /// The processor must have AVX-512 F, BW, VL, VBMI and VNNI.
    unsafe fn store<const P: usize>(&self, rescaled: [__m512i; 4], out: &mut [Self::Out]);
}

/// All rows of a source times all channels of a layer whose inputs [`fit`](Inputs::fit) and of which no
/// channel [`carries`](Rescale::carries).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) fn product<X: Source, S: Store>(
    source: &mut X,
    (layer, inputs): (&Linear<'_>, Inputs),
    out: &mut [S::Out],
    store: &S,
) {
    let mut memory = Memory::new();
    let mut first = 0;
    while first < layer.outputs() {
        let panels = inputs.panels(layer, (layer.outputs() - first).div_ceil(LANES));
        let mut task = Task { source, layer, inputs, memory: &mut memory, first };
        match panels {
            1 => task.run::<S, 1, ROWS>(out, store),
            2 => task.run::<S, 2, ROWS>(out, store),
            3 => task.run::<S, 3, 4>(out, store),
            4 => task.run::<S, 4, 4>(out, store),
            _ => task.run::<S, PANELS, 4>(out, store),
        }
        first += panels * LANES;
    }
}

/// The channels of a product from `first` on.
struct Task<'t, 'a, X> {
    source: &'t mut X,
    layer: &'t Linear<'a>,
    inputs: Inputs,
    memory: &'t mut Memory,
    first: usize,
}

impl<X: Source> Task<'_, '_, X> {
    /// `P` vectors of channels, `R` rows at a time.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn run<S: Store, const P: usize, const R: usize>(&mut self, out: &mut [S::Out], store: &S) {
        let Self { layer, inputs, first, .. } = *self;
        let n = layer.outputs().max(1);
        let mut ahead = Ahead::new(layer, inputs, (first, P), out.len() / (R * n).max(1));
        let panels = self.memory.panels::<P>(layer, inputs, first);
        let rescales =
            core::array::from_fn(|panel| Rescale::of_channels(layer, first + panel * LANES));
        let len = (P * LANES).min(n - first);
        let width = self.source.width().max(1);
        for (line, out) in out.chunks_mut((width * n).max(1)).enumerate() {
            // SAFETY: this function's own features include those of `start`.
            unsafe { self.source.start(line) };
            for (tile, out) in out.chunks_mut((R * n).max(1)).enumerate() {
                ahead.step();
                // SAFETY: as above.
                let acc = unsafe { self.source.products::<P, R>(R * tile, &panels) };
                let mut rows = rows_mut(out, n);
                // Row by row and not in a loop, in which the accumulators would go through memory.
                macro_rules! row {
                    ($($row:literal)*) => {$(
                        if let (Some(acc), Some(out)) = (acc.get($row), rows.next()) {
                            store_row::<X, S, P, R>(acc, &rescales, store, part_mut(out, first, len));
                        }
                    )*};
                }
                row!(0 1 2 3 4 5 6 7);
            }
        }
    }
}

/// Rescales the accumulators of a row and stores them. Instances differ by `X` and `R` so that each is
/// called from one place, and inlined.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
fn store_row<X, S: Store, const P: usize, const R: usize>(
    acc: &[__m512i; P],
    rescales: &[Rescale; P],
    store: &S,
    out: &mut [S::Out],
) {
    let mut all = [_mm512_setzero_si512(); 8];
    for ((all, acc), rescale) in all.iter_mut().zip(acc).zip(rescales) {
        *all = rescale.apply_without_carry(*acc);
    }
    let [a, b, c, d, e, ..] = all;
    let fours = [a, b, c, d];
    match P {
        // SAFETY: this function's own features include those of `store`.
        1 => unsafe { store.store::<1>(fours, out) },
        // SAFETY: as above.
        2 => unsafe { store.store::<2>(fours, out) },
        // SAFETY: as above.
        3 => unsafe { store.store::<3>(fours, out) },
        // SAFETY: as above.
        4 => unsafe { store.store::<4>(fours, out) },
        _ => {
            let (out, rest) = out.split_at_mut(BYTES.min(out.len()));
            // SAFETY: as above.
            unsafe { store.store::<4>(fours, out) };
            // SAFETY: as above.
            unsafe { store.store::<1>([e, b, c, d], rest) };
        }
    }
}

/// `acc + Σ (x + 128) · w`, modulo `2^32`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn accumulate<const P: usize, const R: usize>(
    mut acc: [[__m512i; P]; R],
    x: Fours<'_, R>,
    groups: &[[Group; P]],
) -> [[__m512i; P]; R] {
    for (at, weights) in part(groups, 0, x.len.min(groups.len())).iter().enumerate() {
        let x = x.rows.map(|row| {
            // SAFETY: `at` is below the number of fours that each row has, of bytes that `new` borrowed.
            let four = unsafe { row.wrapping_add(at).read() };
            _mm512_set1_epi32(i32::from_le_bytes(four))
        });
        let weights = weights.each_ref().map(|weights| weights.load());
        for (acc, x) in acc.iter_mut().zip(x) {
            for (acc, weights) in acc.iter_mut().zip(weights) {
                *acc = _mm512_dpbusd_epi32(*acc, x, weights);
            }
        }
    }
    acc
}

/// Weights to fetch before they are read: those that are read next. What follows a layer's weights in a
/// blob is the layer that runs next.
struct Ahead {
    at: *const i8,
    lines: usize,
}

impl Ahead {
    /// As many weights as those of `P` vectors of channels from `first` on, and behind them, in `steps`
    /// steps.
    #[inline]
    fn new(
        layer: &Linear<'_>,
        inputs: Inputs,
        (first, panels): (usize, usize),
        steps: usize,
    ) -> Self {
        let packed = layer.packed();
        let (channel, from) = if packed.is_empty() {
            (layer.inputs(), layer.weights().as_ptr())
        } else {
            (BYTES * inputs.panel_groups() / LANES, packed.as_ptr().cast())
        };
        let at = from.wrapping_add((first + panels * LANES) * channel);
        let lines = panels * LANES * channel / BYTES;
        Self { at, lines: lines.checked_div(steps).unwrap_or(0) + 1 }
    }

    #[inline]
    #[target_feature(enable = "sse")]
    fn step(&mut self) {
        for _ in 0..self.lines {
            _mm_prefetch::<_MM_HINT_T0>(self.at);
            self.at = self.at.wrapping_add(BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vector_of_channels_is_taken_once() {
        for room in 2..8 {
            for all in 1..40 {
                let mut left = all;
                while left > 0 {
                    let next = panels(left, room);
                    assert!((1..=room.min(PANELS)).contains(&next), "{next} of {left}");
                    left -= next;
                }
            }
        }
        assert_eq!(panels(5, 8), 5, "80 channels at once");
        assert_eq!(panels(6, 8), 3, "96 channels in two halves");
    }
}
