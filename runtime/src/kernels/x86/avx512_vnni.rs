//! AVX-512 with VNNI: the set, and its linear layers.

use super::super::{Activation, Kernels, Linear, Skip, generic, scalar};
use super::avx512_conv::CONV;
use super::avx512_packing::{Inputs, PACKING};
use super::avx512_rows::Rows;
use super::avx512_tile::{Store, product};
use super::avx512_vector::{
    BYTES, LANES, Rescale, Table, load_bytes, no_carry, pack, store_bytes, store_halves,
    widen_bytes, widen_halves,
};
use super::{avx512_attention, avx512_depthwise, avx512_norm};
use crate::fixed::Requant;
use crate::format::I32Le;
use crate::rows::{part_mut, rows, rows_mut};
use core::arch::x86_64::*;

/// The AVX-512 VNNI set.
pub(super) static KERNELS: Kernels = Kernels {
    name: "avx512_vnni",
    linear_i8,
    linear_skip_i8,
    linear_add_i16,
    logits_i32: scalar::logits_i32,
    logits_i8,
    depthwise_i8: avx512_depthwise::depthwise_i8,
    layer_norm_i8: avx512_norm::layer_norm_i8,
    layer_norm_affine_i8: avx512_norm::layer_norm_affine_i8,
    attention_i8: avx512_attention::attention_i8,
    pool_i32: avx512_norm::pool_i32,
    packing: Some(PACKING),
    conv: Some(CONV),
};

/// Channels of a row product that share a pass over the inputs.
const DOTS: usize = 4;
/// Rows from which packing weights pays.
const ROWS: usize = 4;

/// Same contract as [`scalar::linear_i8`].
fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    if !packing_pays(x, layer) {
        // SAFETY: `sets` gives out this set only where the processor has every feature named below.
        return unsafe {
            row_products(x, layer, out, |channel, acc, out| {
                *out = activation.apply(channel.requant.apply(acc));
            })
        };
    }
    let zero_point = activation.zero_point;
    match activation.gelu {
        // SAFETY: as above.
        None => unsafe { rows_product(x, layer, out, &StoreI8 { zero_point }) },
        Some((table, _)) => {
            // SAFETY: as above.
            let table = unsafe { Table::new(table) };
            // SAFETY: as above.
            unsafe { rows_product(x, layer, out, &StoreGelu { zero_point, table }) }
        }
    }
}

/// Same contract as [`scalar::linear_skip_i8`].
fn linear_skip_i8(x: &[i8], layer: &Linear<'_>, skip: &Skip, out: &mut [i8]) {
    // The least shift would carry, see `Rescale`.
    if !packing_pays(x, layer) || skip.requant.shift() == Requant::MIN_SHIFT {
        return generic::linear_skip_i8(x, layer, skip, out);
    }
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    let store = unsafe { AddI8::new(skip) };
    // SAFETY: as above.
    unsafe { rows_product(x, layer, out, &store) };
}

/// Same contract as [`scalar::linear_add_i16`].
fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    if !packing_pays(x, layer) {
        return generic::linear_add_i16(x, layer, out);
    }
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    unsafe { rows_product(x, layer, out, &AddI16) };
}

/// Same contract as [`scalar::logits_i8`].
fn logits_i8(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    let k = x.len().max(1);
    let blocks = w.chunks((DOTS * k).max(1)).zip(out.chunks_mut(DOTS));
    let mut bias = bias.iter();
    for (w, out) in blocks {
        // SAFETY: `sets` gives out this set only where the processor has every feature named below.
        let dots = unsafe { row_dots(x, w) };
        for ((out, dot), bias) in out.iter_mut().zip(dots).zip(&mut bias) {
            *out = bias + dot;
        }
    }
}

/// Whether there are enough rows to pack weights for, few enough inputs, and rescales that the products
/// take.
fn packing_pays(x: &[i8], layer: &Linear<'_>) -> bool {
    let k = layer.inputs();
    Inputs::new(layer, k).fit() && x.len() >= ROWS * k && no_carry(layer)
}

/// All rows times all channels of a layer for which [`packing_pays`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
fn rows_product<S: Store>(x: &[i8], layer: &Linear<'_>, out: &mut [S::Out], store: &S) {
    let k = layer.inputs();
    let mut room = Rows::ROOM;
    let mut source = Rows::new(x, k, &mut room);
    let len = (x.len() / k.max(1)).saturating_mul(layer.outputs()).min(out.len());
    product(&mut source, (layer, Inputs::new(layer, k)), part_mut(out, 0, len), store);
}

/// i8 with a zero point.
pub(super) struct StoreI8 {
    pub(super) zero_point: i8,
}

/// i8 through a table.
pub(super) struct StoreGelu {
    pub(super) zero_point: i8,
    pub(super) table: Table,
}

/// Added to i16.
pub(super) struct AddI16;

/// Added to i8 at another scale.
struct AddI8 {
    input_zero_point: __m512i,
    rescale: Rescale,
    zero_point: i8,
}

impl Store for StoreI8 {
    type Out = i8;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    unsafe fn store<const P: usize>(&self, rescaled: [__m512i; 4], out: &mut [i8]) {
        store_bytes(pack(rescaled, self.zero_point), out);
    }
}

impl Store for StoreGelu {
    type Out = i8;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    unsafe fn store<const P: usize>(&self, rescaled: [__m512i; 4], out: &mut [i8]) {
        store_bytes(self.table.look_up(pack(rescaled, self.zero_point)), out);
    }
}

impl Store for AddI16 {
    type Out = i16;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    unsafe fn store<const P: usize>(&self, rescaled: [__m512i; 4], out: &mut [i16]) {
        let [a, b, c, d] = rescaled;
        let (low, high) = out.split_at_mut(out.len().min(2 * LANES));
        add_halves([a, b], low);
        if P > 2 {
            add_halves([c, d], high);
        }
    }
}

/// Adds up to 32 values.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn add_halves([low, high]: [__m512i; 2], out: &mut [i16]) {
    // Packed within quarters, then put in order.
    let order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    let (before_low, before_high) = out.split_at(LANES.min(out.len()));
    let low = _mm512_add_epi32(widen_halves(before_low), low);
    let high = _mm512_add_epi32(widen_halves(before_high), high);
    let sums = _mm512_permutexvar_epi64(order, _mm512_packs_epi32(low, high));
    store_halves(sums, out);
}

impl AddI8 {
    #[target_feature(enable = "avx512f")]
    fn new(skip: &Skip) -> Self {
        let mult = _mm512_set1_epi32(skip.requant.mult());
        Self {
            input_zero_point: _mm512_set1_epi32(skip.input_zero_point.into()),
            rescale: Rescale::uniform(mult, skip.requant.shift()),
            zero_point: skip.zero_point,
        }
    }

    /// `sum` and the rescaled input of sixteen channels, which `before` begins with.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn add(&self, sum: __m512i, before: &[i8]) -> __m512i {
        let before = _mm512_sub_epi32(widen_bytes(before), self.input_zero_point);
        let skipped = self.rescale.apply_without_carry(_mm512_slli_epi32::<8>(before));
        _mm512_add_epi32(sum, skipped)
    }
}

impl Store for AddI8 {
    type Out = i8;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    unsafe fn store<const P: usize>(&self, rescaled: [__m512i; 4], out: &mut [i8]) {
        let [mut a, mut b, mut c, mut d] = rescaled;
        let before = |quarter: usize| out.get(quarter * LANES..).unwrap_or(&[]);
        a = self.add(a, before(0));
        if P > 1 {
            b = self.add(b, before(1));
        }
        if P > 2 {
            c = self.add(c, before(2));
        }
        if P > 3 {
            d = self.add(d, before(3));
        }
        store_bytes(pack([a, b, c, d], self.zero_point), out);
    }
}

/// Few rows, or many inputs: calls `store` with each output's channel, exact accumulator and place.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn row_products<T>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [T],
    store: impl Fn(&super::super::Channel<'_>, i32, &mut T),
) {
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    for (x, out) in rows(x, k).zip(rows_mut(out, n)) {
        let mut rescales = layer.rescales();
        for (w, out) in layer.weights().chunks((DOTS * k).max(1)).zip(out.chunks_mut(DOTS)) {
            for ((out, dot), channel) in out.iter_mut().zip(row_dots(x, w)).zip(&mut rescales) {
                store(&channel, channel.bias + dot, out);
            }
        }
    }
}

/// The products of one input row with up to [`DOTS`] weight rows, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn row_dots(x: &[i8], w: &[i8]) -> [i32; DOTS] {
    let (flip, ones) = (_mm512_set1_epi8(i8::MIN), _mm512_set1_epi8(1));
    let mut dots = [0; DOTS];
    for (dot, w) in dots.iter_mut().zip(rows(w, x.len())) {
        let (mut acc, mut sum) = (_mm512_setzero_si512(), _mm512_setzero_si512());
        for (x, w) in x.chunks(BYTES).zip(w.chunks(BYTES)) {
            let w = load_bytes(w);
            acc = _mm512_dpbusd_epi32(acc, _mm512_xor_si512(load_bytes(x), flip), w);
            sum = _mm512_dpbusd_epi32(sum, ones, w);
        }
        *dot = _mm512_reduce_add_epi32(_mm512_sub_epi32(acc, _mm512_slli_epi32::<7>(sum)));
    }
    dots
}
