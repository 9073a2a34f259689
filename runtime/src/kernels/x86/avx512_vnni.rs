//! AVX-512 with VNNI: sixteen channels a vector, four inputs a product.
//!
//! `vpdpbusd` multiplies unsigned by signed bytes: weights are packed as `w + 128`, and `128 · Σx` of
//! the row is taken off the bias. It wraps modulo `2^32` and the true sum fits, so the result is
//! exact.

use super::super::{Activation, Kernels, Linear, generic, scalar};
use super::panel::{CHANNELS, MAX_K, MIN_ROWS, Panel};
use super::{avx512_attention, avx512_depthwise, avx512_norm};
use crate::format::I32Le;
use crate::rows::{part, part_mut, rows, rows_mut};
use core::arch::x86_64::*;

/// The AVX-512 VNNI set.
pub(super) static KERNELS: Kernels = Kernels {
    name: "avx512_vnni",
    linear_i8,
    linear_skip_i8: generic::linear_skip_i8,
    linear_add_i16,
    logits_i32: scalar::logits_i32,
    logits_i8,
    depthwise_i8: avx512_depthwise::depthwise_i8,
    layer_norm_i8: avx512_norm::layer_norm_i8,
    layer_norm_affine_i8: scalar::layer_norm_affine_i8,
    attention_i8: avx512_attention::attention_i8,
    pool_i32: scalar::pool_i32,
};

type QuadPanel = Panel<u8, { 4 * CHANNELS }, { MAX_K / 4 }>;

/// Rows whose accumulators are in registers together.
const ROWS: usize = 8;

/// Same contract as [`scalar::linear_i8`].
fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    if !panels_pay(x, layer) {
        return generic::linear_i8(x, layer, activation, out);
    }
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    unsafe { panels(x, layer, out, &StoreI8 { zero_point: activation.zero_point.into() }) };
    if let Some((table, _)) = activation.gelu {
        // SAFETY: as above.
        unsafe { look_up(table, out) };
    }
}

/// Same contract as [`scalar::linear_add_i16`].
fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    if !panels_pay(x, layer) {
        return generic::linear_add_i16(x, layer, out);
    }
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    unsafe { panels(x, layer, out, &AddI16) };
}

/// Same contract as [`scalar::logits_i8`].
fn logits_i8(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn wide(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
        generic::logits_i8(x, w, bias, out);
    }
    // SAFETY: `sets` gives out this set only where the processor has these features.
    unsafe { wide(x, w, bias, out) }
}

/// Whether there are enough rows to pack weights for, and few enough inputs.
fn panels_pay(x: &[i8], layer: &Linear<'_>) -> bool {
    let k = layer.inputs();
    k <= MAX_K && x.len() >= MIN_ROWS * k
}

/// What happens to the rescaled accumulators of sixteen channels.
pub(super) trait Store {
    /// A stored value.
    type Out;

    /// Stores up to sixteen channels, as many as `out` has.
    ///
    /// # Safety
    /// The processor must have AVX-512 F, BW and VL.
    unsafe fn store(&self, rescaled: __m512i, out: &mut [Self::Out]);
}

/// i8 with a zero point.
pub(super) struct StoreI8 {
    pub(super) zero_point: i32,
}

/// Added to i16.
struct AddI16;

impl Store for StoreI8 {
    type Out = i8;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn store(&self, rescaled: __m512i, out: &mut [i8]) {
        let q =
            _mm512_cvtsepi32_epi8(_mm512_add_epi32(rescaled, _mm512_set1_epi32(self.zero_point)));
        // SAFETY: the mask has one bit for each value of `out`, at most sixteen.
        unsafe { _mm_mask_storeu_epi8(out.as_mut_ptr(), lanes(out.len()), q) }
    }
}

impl Store for AddI16 {
    type Out = i16;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn store(&self, rescaled: __m512i, out: &mut [i16]) {
        let mask = lanes(out.len());
        // SAFETY: the mask has one bit for each value of `out`, at most sixteen.
        let before = unsafe { _mm256_maskz_loadu_epi16(mask, out.as_ptr()) };
        let sum = _mm512_add_epi32(_mm512_cvtepi16_epi32(before), rescaled);
        let sum = _mm512_cvtsepi32_epi16(sum);
        // SAFETY: as for the load.
        unsafe { _mm256_mask_storeu_epi16(out.as_mut_ptr(), mask, sum) }
    }
}

/// One bit for each of the first `len` lanes of sixteen.
pub(super) fn lanes(len: usize) -> u16 {
    if len >= CHANNELS { u16::MAX } else { (1 << len) - 1 }
}

/// Rescales of sixteen channels, split into even and odd lanes of 64 bits.
pub(super) struct Rescales {
    bias: __m512i,
    mult: [__m512i; 2],
    shift: [__m512i; 2],
    half: [__m512i; 2],
}

impl Rescales {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub(super) fn new(layer: &Linear<'_>, first: usize) -> Self {
        let (mut bias, mut mult, mut shift) =
            ([0i32; CHANNELS], [1 << 30; CHANNELS], [32i32; CHANNELS]);
        let places = bias.iter_mut().zip(&mut mult).zip(&mut shift);
        for (channel, ((bias, mult), shift)) in layer.rescales_from(first).zip(places) {
            *bias = channel.bias;
            *mult = channel.requant.mult();
            *shift = channel.requant.shift().into();
        }
        // SAFETY: each array has sixteen i32.
        let load = |values: &[i32; CHANNELS]| unsafe { _mm512_loadu_epi32(values.as_ptr()) };
        let (mult, shift) = (load(&mult), load(&shift));
        let even = _mm512_and_si512(shift, _mm512_set1_epi64(0xFFFF_FFFF));
        let odd = _mm512_srli_epi64::<32>(shift);
        let one = _mm512_set1_epi64(1);
        let half = |shift| _mm512_sllv_epi64(one, _mm512_sub_epi64(shift, one));
        Self {
            bias: load(&bias),
            mult: [mult, _mm512_srli_epi64::<32>(mult)],
            shift: [even, odd],
            half: [half(even), half(odd)],
        }
    }

    /// Biases of the channels.
    pub(super) const fn bias(&self) -> __m512i {
        self.bias
    }

    /// `(acc · mult + 2^(shift − 1)) >> shift` of each lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub(super) fn apply(&self, acc: __m512i) -> __m512i {
        let rescale = |acc, mult, half, shift| {
            let product = _mm512_mul_epi32(acc, mult);
            _mm512_srav_epi64(_mm512_add_epi64(product, half), shift)
        };
        let ([mult0, mult1], [half0, half1], [shift0, shift1]) = (self.mult, self.half, self.shift);
        let even = rescale(acc, mult0, half0, shift0);
        let odd = rescale(_mm512_srli_epi64::<32>(acc), mult1, half1, shift1);
        // The results fit i32: odd ones go to the upper halves.
        _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64::<32>(odd))
    }
}

/// All rows times all channels, sixteen channels at a time.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn panels<S: Store>(x: &[i8], layer: &Linear<'_>, out: &mut [S::Out], store: &S) {
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    let mut panel = QuadPanel::new(128);
    for (index, weights) in layer.weights().chunks((CHANNELS * k).max(1)).enumerate() {
        let first = index * CHANNELS;
        panel.pack(weights, k, 128, |weight| weight.cast_unsigned() ^ 0x80);
        let rescales = Rescales::new(layer, first);
        let channels = CHANNELS.min(n - first);
        let mut x = x;
        for out in out.chunks_mut((ROWS * n).max(1)) {
            let count = out.len() / n;
            let Some((tile, rest)) = x.split_at_checked(count * k) else { return };
            x = rest;
            let acc = if count == ROWS {
                tile_product::<ROWS>(tile, k, panel.groups())
            } else {
                let mut acc = [_mm512_setzero_si512(); ROWS];
                for (acc, row) in acc.iter_mut().zip(rows(tile, k)) {
                    [*acc] = tile_product::<1>(row, k, panel.groups());
                }
                acc
            };
            for ((acc, row), out) in acc.into_iter().zip(rows(tile, k)).zip(rows_mut(out, n)) {
                let sum: i32 = row.iter().map(|&x| i32::from(x)).sum();
                let offset = _mm512_sub_epi32(rescales.bias, _mm512_set1_epi32(128 * sum));
                let rescaled = rescales.apply(_mm512_add_epi32(acc, offset));
                // SAFETY: this function's own features include those of `store`.
                unsafe { store.store(rescaled, part_mut(out, first, channels)) };
            }
        }
    }
}

/// `Σ x · (w + 128)` of `R` rows with sixteen channels, modulo `2^32`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn tile_product<const R: usize>(
    tile: &[i8],
    k: usize,
    groups: &[[u8; 4 * CHANNELS]],
) -> [__m512i; R] {
    let mut acc = [_mm512_setzero_si512(); R];
    let (whole, rest) = (k / 4, k % 4);
    let rows: [&[i8]; R] = core::array::from_fn(|row| part(tile, row * k, k));
    for (at, group) in groups.iter().take(whole).enumerate() {
        let weights = load(group);
        for (acc, row) in acc.iter_mut().zip(rows) {
            let (fours, _) = row.as_chunks::<4>();
            let four = read_four(fours.get(at).copied().unwrap_or_default().map(i8::cast_unsigned));
            *acc = _mm512_dpbusd_epi32(*acc, weights, _mm512_set1_epi32(four));
        }
    }
    if let (Some(group), true) = (groups.get(whole), rest > 0) {
        let weights = load(group);
        for (acc, row) in acc.iter_mut().zip(rows) {
            let mut four = [0i8; 4];
            for (four, &x) in four.iter_mut().zip(part(row, 4 * whole, rest)) {
                *four = x;
            }
            let four = read_four(four.map(i8::cast_unsigned));
            *acc = _mm512_dpbusd_epi32(*acc, weights, _mm512_set1_epi32(four));
        }
    }
    acc
}

/// Four inputs of sixteen channels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn load(group: &[u8; 4 * CHANNELS]) -> __m512i {
    // SAFETY: a group has 64 bytes.
    unsafe { _mm512_loadu_epi8(group.as_ptr().cast()) }
}

/// Four inputs of one row, for every channel.
#[inline]
pub(super) const fn read_four(bytes: [u8; 4]) -> i32 {
    i32::from_le_bytes(bytes)
}

/// Replaces each byte by the table's entry for its bits.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(super) fn look_up(table: &[i8; 256], values: &mut [i8]) {
    let quarters: &[[i8; 64]; 4] = bytemuck::cast_ref(table);
    // SAFETY: a quarter has 64 bytes.
    let [first, second, third, fourth] =
        quarters.each_ref().map(|quarter| unsafe { _mm512_loadu_epi8(quarter.as_ptr()) });
    for values in values.chunks_mut(64) {
        let mask = if values.len() == 64 { u64::MAX } else { (1 << values.len()) - 1 };
        // SAFETY: the mask has one bit for each value.
        let index = unsafe { _mm512_maskz_loadu_epi8(mask, values.as_ptr()) };
        // Seven bits choose among two quarters, the eighth between the pairs.
        let low = _mm512_permutex2var_epi8(first, index, second);
        let high = _mm512_permutex2var_epi8(third, index, fourth);
        let found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high);
        // SAFETY: as for the load.
        unsafe { _mm512_mask_storeu_epi8(values.as_mut_ptr(), mask, found) };
    }
}
