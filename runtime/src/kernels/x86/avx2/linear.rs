//! Linear layers, sixteen output channels at a time.

use super::panel::{CHANNELS, MAX_K, MIN_ROWS, Panel};
use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear, add_i16};
use crate::rows::{part_mut, rows, rows_mut};
use core::arch::x86_64::*;

type PairPanel = Panel<i16, { 2 * CHANNELS }, { MAX_K / 2 }>;

/// Rows whose accumulators are in registers together.
const ROWS: usize = 4;

/// Accumulators of sixteen channels.
type Acc = [__m256i; 2];

/// Same contract as [`scalar::linear_i8`](crate::kernels::scalar::linear_i8).
pub(super) fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    if !panels_are_faster(x, layer) {
        return generic::linear_i8(x, layer, activation, out);
    }
    let store = |rescaled: &[i32], out: &mut [i8]| activation.store(rescaled, out);
    // SAFETY: `sets` returns this set only if the processor has AVX2.
    unsafe { panels(x, layer, out, store) };
}

/// Same contract as [`scalar::linear_add_i16`](crate::kernels::scalar::linear_add_i16).
pub(super) fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    if !panels_are_faster(x, layer) {
        return generic::linear_add_i16(x, layer, out);
    }
    // SAFETY: `sets` returns this set only if the processor has AVX2.
    unsafe { panels(x, layer, out, add_i16) };
}

/// Whether panels are faster for this layer: there are enough rows, and at most [`MAX_K`] inputs.
fn panels_are_faster(x: &[i8], layer: &Linear<'_>) -> bool {
    let k = layer.inputs();
    k <= MAX_K && x.len() >= MIN_ROWS * k
}

/// Biases and requants of eight channels. Values of 64 bits are split into even and odd lanes.
struct Requants {
    bias: __m256i,
    mult: [__m256i; 2],
    half: [__m256i; 2],
    /// Shifts of the products' upper halves, `shift − 32`.
    shift: __m256i,
}

impl Requants {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(layer: &Linear<'_>, first: usize) -> Self {
        let (mut bias, mut mult, mut shift) = ([0i32; 8], [1 << 30; 8], [32i32; 8]);
        let places = bias.iter_mut().zip(&mut mult).zip(&mut shift);
        for (channel, ((bias, mult), shift)) in layer.requants_from(first).zip(places) {
            *bias = channel.bias;
            *mult = channel.requant.mult();
            *shift = channel.requant.shift().into();
        }
        // SAFETY: each array has eight i32.
        let load = |values: &[i32; 8]| unsafe { _mm256_loadu_si256(values.as_ptr().cast()) };
        let (mult, shift) = (load(&mult), load(&shift));
        let even = _mm256_and_si256(shift, _mm256_set1_epi64x(0xFFFF_FFFF));
        let odd = _mm256_srli_epi64::<32>(shift);
        let one = _mm256_set1_epi64x(1);
        let half = |shift| _mm256_sllv_epi64(one, _mm256_sub_epi64(shift, one));
        Self {
            bias: load(&bias),
            mult: [mult, _mm256_srli_epi64::<32>(mult)],
            half: [half(even), half(odd)],
            shift: _mm256_sub_epi32(shift, _mm256_set1_epi32(32)),
        }
    }

    /// `(acc · mult + 2^(shift − 1)) >> shift` of each lane: shifts are at least 32, so only the upper half
    /// of the sum is shifted further.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn apply(&self, acc: __m256i) -> __m256i {
        let acc = _mm256_add_epi32(acc, self.bias);
        let even = _mm256_add_epi64(_mm256_mul_epi32(acc, self.mult[0]), self.half[0]);
        let odd = _mm256_mul_epi32(_mm256_srli_epi64::<32>(acc), self.mult[1]);
        let odd = _mm256_add_epi64(odd, self.half[1]);
        let upper = _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(even), odd);
        _mm256_srav_epi32(upper, self.shift)
    }
}

/// All rows times all channels, sixteen channels at a time.
#[target_feature(enable = "avx2")]
fn panels<T>(x: &[i8], layer: &Linear<'_>, out: &mut [T], store: impl Fn(&[i32], &mut [T])) {
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    let mut panel = PairPanel::new(0);
    let mut wide = [[0i16; MAX_K + 1]; ROWS];
    for (index, weights) in layer.weights().chunks((CHANNELS * k).max(1)).enumerate() {
        let first = index * CHANNELS;
        panel.pack(weights, k, 0, i16::from);
        let requants = [Requants::new(layer, first), Requants::new(layer, first + 8)];
        let channels = CHANNELS.min(n - first);
        let mut x = x;
        for out in out.chunks_mut((ROWS * n).max(1)) {
            let count = out.len() / n;
            let Some((tile, rest)) = x.split_at_checked(count * k) else {
                debug_assert!(false, "inputs for each row of outputs");
                return;
            };
            x = rest;
            for (wide, row) in wide.iter_mut().zip(rows(tile, k)) {
                for (wide, &x) in wide.iter_mut().zip(row) {
                    *wide = x.into();
                }
                // If the number of inputs is odd, a 0 follows the last one.
                if let Some(end) = wide.get_mut(k) {
                    *end = 0;
                }
            }
            let acc = tile_product(&wide, panel.groups());
            for (acc, out) in acc.into_iter().zip(rows_mut(out, n)) {
                let mut rescaled = [0i32; CHANNELS];
                let (lower, upper) = rescaled.split_at_mut(8);
                for ((to, acc), requants) in [lower, upper].into_iter().zip(acc).zip(&requants) {
                    let values = requants.apply(acc);
                    // SAFETY: each half has eight i32.
                    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), values) };
                }
                store(&rescaled, part_mut(out, first, channels));
            }
        }
    }
}

/// `Σ x · w` of each widened row with sixteen channels.
#[inline]
#[target_feature(enable = "avx2")]
fn tile_product(wide: &[[i16; MAX_K + 1]; ROWS], groups: &[[i16; 2 * CHANNELS]]) -> [Acc; ROWS] {
    debug_assert!(groups.len() <= MAX_K.div_ceil(2), "rows as long as the panel");
    let mut acc = [[_mm256_setzero_si256(); 2]; ROWS];
    for (at, group) in groups.iter().enumerate() {
        // SAFETY: half a group has sixteen i16.
        let load = |half: &[i16]| unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
        let (lower, upper) = group.split_at(CHANNELS);
        let weights = [load(lower), load(upper)];
        for (acc, row) in acc.iter_mut().zip(wide) {
            let (twos, _) = row.as_chunks::<2>();
            let two = twos.get(at).copied().unwrap_or_default();
            let [low, high] = two.map(|x| u32::from(x.cast_unsigned()));
            let two = _mm256_set1_epi32((low | high << 16).cast_signed());
            for (acc, weights) in acc.iter_mut().zip(weights) {
                *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(two, weights));
            }
        }
    }
    acc
}
