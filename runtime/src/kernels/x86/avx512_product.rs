//! Matrix products on AVX-512 VNNI: four rows by 64 channels, accumulators in registers.
//!
//! Inputs are the unsigned side of `vpdpbusd`, as `x + 128`; `128 · Σw`, summed from the packed
//! weights, is taken off the bias. The instruction wraps modulo `2^32` and the true sum fits, so the
//! result is exact.
//!
//! Weights are packed in each call, 64 channels at a time, on the stack: a transposition in
//! registers costs a sixteenth of an instruction a weight, and a blob stays borrowed.

use super::super::Linear;
use super::avx512_vector::{BYTES, Group, LANES, Rescale, exchange_quarters, load_bytes};
use crate::rows::{part, part_mut, rows, rows_mut};
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

/// Rows whose accumulators are in registers together.
pub(super) const ROWS: usize = 4;
/// Most vectors of channels whose accumulators are in registers together.
const PANELS: usize = 4;
/// Most inputs of a layer that is packed.
pub(super) const MAX_K: usize = 1152;
/// Groups that fit the stack: four panels of up to 576 inputs, or two of [`MAX_K`].
const GROUPS: usize = 576;

/// What happens to the rescaled accumulators of a row.
pub(super) trait Store {
    /// A stored value.
    type Out;

    /// Stores up to 64 channels, as many as `out` has.
    ///
    /// # Safety
    /// The processor must have AVX-512 F, BW, VL and VBMI.
    unsafe fn store(&self, rescaled: [__m512i; PANELS], out: &mut [Self::Out]);
}

/// All rows times all channels, for at most [`MAX_K`] inputs.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) fn product<S: Store>(x: &[i8], layer: &Linear<'_>, out: &mut [S::Out], store: &S) {
    let k = layer.inputs().clamp(1, MAX_K);
    let mut buffer = [const { MaybeUninit::uninit() }; GROUPS];
    let most = if 4 * k.div_ceil(4) <= GROUPS { PANELS } else { 2 };
    let mut first = 0;
    while first < layer.outputs() {
        let panels = (layer.outputs() - first).div_ceil(LANES).min(most);
        let task = Task { x, layer, k, first };
        match panels {
            1 => task.run::<S, 1>(&mut buffer, out, store),
            2 => task.run::<S, 2>(&mut buffer, out, store),
            3 => task.run::<S, 3>(&mut buffer, out, store),
            _ => task.run::<S, 4>(&mut buffer, out, store),
        }
        first += panels * LANES;
    }
}

/// All rows times the channels from `first` on.
struct Task<'a> {
    x: &'a [i8],
    layer: &'a Linear<'a>,
    k: usize,
    first: usize,
}

/// Up to four rows of inputs, `x + 128`. What lies beyond the inputs meets weights of zero.
#[repr(C, align(64))]
struct Tile([[u8; MAX_K]; ROWS]);

impl Task<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn run<S: Store, const P: usize>(
        &self,
        buffer: &mut [MaybeUninit<Group>],
        out: &mut [S::Out],
        store: &S,
    ) {
        let n = self.layer.outputs().max(1);
        let (groups, sums) = self.pack::<P>(buffer);
        let mut rescales = [const { MaybeUninit::uninit() }; P];
        let mut start = sums;
        for (panel, (start, rescale)) in start.iter_mut().zip(&mut rescales).enumerate() {
            let (bias, all) = Rescale::of_channels(self.layer, self.first + panel * LANES);
            *start = _mm512_sub_epi32(bias, _mm512_slli_epi32::<7>(*start));
            rescale.write(all);
        }
        let mut tile = Tile([[0; MAX_K]; ROWS]);
        let mut x = self.x;
        for out in out.chunks_mut((ROWS * n).max(1)) {
            let Some((rows, rest)) = x.split_at_checked(out.len() / n * self.k) else { return };
            x = rest;
            tile.fill(rows, self.k);
            let mut acc = tile.product(groups, start);
            for (acc, rescale) in acc.iter_mut().zip(&rescales) {
                // SAFETY: the loop above wrote every element.
                let rescale = unsafe { rescale.assume_init_ref() };
                for acc in acc {
                    *acc = rescale.apply(*acc);
                }
            }
            let len = (P * LANES).min(n - self.first);
            for (acc, out) in by_row(acc).into_iter().zip(rows_mut(out, n)) {
                // SAFETY: this function's own features include those of `store`.
                unsafe { store.store(acc, part_mut(out, self.first, len)) };
            }
        }
    }

    /// Weights of `P` panels as `[group of four inputs][panel][channel][input]`, and their sums over
    /// the inputs.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn pack<'b, const P: usize>(
        &self,
        buffer: &'b mut [MaybeUninit<Group>],
    ) -> (&'b [[Group; P]], [__m512i; P]) {
        let (groups, _) = buffer.as_chunks_mut::<P>();
        let groups = part_mut(groups, 0, self.k.div_ceil(4));
        let mut sums = [_mm512_setzero_si512(); P];
        let ones = _mm512_set1_epi8(1);
        for (panel, sum) in sums.iter_mut().enumerate() {
            let channel = self.first + panel * LANES;
            let weights = self.layer.weights().get(channel * self.k..).unwrap_or(&[]);
            for (block, groups) in groups.chunks_mut(LANES).enumerate() {
                let transposed = transpose(block_of(weights, self.k, block * BYTES));
                for (group, vector) in groups.iter_mut().zip(transposed) {
                    *sum = _mm512_dpbusd_epi32(*sum, ones, vector);
                    if let Some(place) = group.get_mut(panel) {
                        // SAFETY: a group has 64 bytes.
                        unsafe { _mm512_storeu_epi8(place.as_mut_ptr().cast(), vector) };
                    }
                }
            }
        }
        let len = groups.len();
        // SAFETY: every panel of every group in this slice was written above.
        (unsafe { core::slice::from_raw_parts(groups.as_ptr().cast(), len) }, sums)
    }
}

impl Tile {
    /// Copies up to four rows of `k` inputs.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn fill(&mut self, x: &[i8], k: usize) {
        let flip = _mm512_set1_epi8(i8::MIN);
        for (row, x) in self.0.iter_mut().zip(rows(x, k)) {
            let (places, _) = row.as_chunks_mut::<BYTES>();
            for (place, x) in places.iter_mut().zip(x.chunks(BYTES)) {
                let values = _mm512_xor_si512(load_bytes(x), flip);
                // SAFETY: a place has 64 bytes.
                unsafe { _mm512_storeu_epi8(place.as_mut_ptr().cast(), values) };
            }
        }
    }

    /// `start + Σ (x + 128) · w` of `P` panels with each row, modulo `2^32`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn product<const P: usize>(
        &self,
        groups: &[[Group; P]],
        start: [__m512i; P],
    ) -> [[__m512i; ROWS]; P] {
        // Not `map`: a closure with target features is not inlined through it.
        let [a, b, c, d] = &self.0;
        let ((a, _), (b, _), (c, _), (d, _)) =
            (a.as_chunks::<4>(), b.as_chunks::<4>(), c.as_chunks::<4>(), d.as_chunks::<4>());
        let mut acc = [[_mm512_setzero_si512(); ROWS]; P];
        for (acc, start) in acc.iter_mut().zip(start) {
            *acc = [start; ROWS];
        }
        for ((((weights, a), b), c), d) in groups.iter().zip(a).zip(b).zip(c).zip(d) {
            let x = [four(a), four(b), four(c), four(d)];
            for (acc, weights) in acc.iter_mut().zip(weights) {
                let weights = weights.load();
                for (acc, x) in acc.iter_mut().zip(x) {
                    *acc = _mm512_dpbusd_epi32(*acc, x, weights);
                }
            }
        }
        acc
    }
}

/// Four inputs of one row, for every channel.
#[inline]
#[target_feature(enable = "avx512f")]
fn four(x: &[u8; 4]) -> __m512i {
    _mm512_set1_epi32(i32::from_le_bytes(*x))
}

/// The panels of each row, zeros for those that there are not.
#[inline]
#[target_feature(enable = "avx512f")]
fn by_row<const P: usize>(acc: [[__m512i; ROWS]; P]) -> [[__m512i; PANELS]; ROWS] {
    let zero = [_mm512_setzero_si512(); ROWS];
    let mut panels = acc.into_iter();
    let mut next = || panels.next().unwrap_or(zero);
    let [[a0, a1, a2, a3], [b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]] =
        [next(), next(), next(), next()];
    [[a0, b0, c0, d0], [a1, b1, c1, d1], [a2, b2, c2, d2], [a3, b3, c3, d3]]
}

/// Up to 64 inputs from `at` on of up to sixteen rows of weights, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn block_of(weights: &[i8], k: usize, at: usize) -> [__m512i; LANES] {
    let mut vectors = [_mm512_setzero_si512(); LANES];
    // The same inputs of the next panel, so that they are near when it is packed.
    let next = part(weights, LANES * k + at, LANES * k - at).as_ptr();
    let whole = part(weights, at, (LANES - 1) * k + BYTES).as_ptr_range();
    if k - at >= BYTES && !whole.is_empty() {
        for (row, vector) in vectors.iter_mut().enumerate() {
            // SAFETY: `whole` spans 64 bytes at each of sixteen rows.
            *vector = unsafe { _mm512_loadu_epi8(whole.start.wrapping_add(row * k)) };
            _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(row * k));
        }
        return vectors;
    }
    for (vector, row) in vectors.iter_mut().zip(rows(weights, k)) {
        *vector = load_bytes(part(row, at, BYTES.min(k - at)));
    }
    vectors
}

/// Sixteen vectors of sixteen lanes: lane `i` of vector `j` becomes lane `j` of vector `i`.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(v: [__m512i; 16]) -> [__m512i; 16] {
    // First 4 × 4 lanes within each quarter of a vector, then 4 × 4 quarters.
    let [v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15] = v;
    let [a0, a1, a2, a3] = transpose_quarters([v0, v1, v2, v3]);
    let [b0, b1, b2, b3] = transpose_quarters([v4, v5, v6, v7]);
    let [c0, c1, c2, c3] = transpose_quarters([v8, v9, v10, v11]);
    let [d0, d1, d2, d3] = transpose_quarters([v12, v13, v14, v15]);
    let [r0, r4, r8, r12] = exchange_quarters([a0, b0, c0, d0]);
    let [r1, r5, r9, r13] = exchange_quarters([a1, b1, c1, d1]);
    let [r2, r6, r10, r14] = exchange_quarters([a2, b2, c2, d2]);
    let [r3, r7, r11, r15] = exchange_quarters([a3, b3, c3, d3]);
    [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15]
}

/// In each quarter of four vectors, lane `i` of vector `j` becomes lane `j` of vector `i`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn transpose_quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab_low, cd_low),
        _mm512_unpackhi_epi64(ab_low, cd_low),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}
