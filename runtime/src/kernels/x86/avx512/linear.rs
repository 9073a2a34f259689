//! Linear layers on AVX-512 VNNI: with packed weights for many rows, without packing for few rows.

use super::packing::Inputs;
use super::product::product;
use super::requant::no_carry;
use super::rows::Rows;
use super::store::{AddI8, AddI16, Store, StoreGelu, StoreI8};
use super::vector::{BYTES, Table, load_bytes};
use crate::fixed::Requant;
use crate::format::I32Le;
use crate::kernels::generic;
use crate::kernels::operand::{Activation, Channel, Linear, Skip};
use crate::rows::{part_mut, rows, rows_mut};
use core::arch::x86_64::*;

/// Number of output channels that [`row_dots`] computes in one call.
const DOTS: usize = 4;
/// Minimum number of input rows for packed weights. With fewer rows, packing costs more than it saves.
const MIN_ROWS: usize = 4;

/// How a set multiplies many rows.
pub(super) trait Multiply {
    /// All rows times all channels with packed weights. The caller has checked [`packing_is_faster`].
    ///
    /// # Safety
    /// The processor must have the features of the set.
    unsafe fn product<S: Store>(x: &[i8], layer: &Linear<'_>, out: &mut [S::Out], store: &S);
}

/// Products by `vpdpbusd`.
pub(super) struct Vpdpbusd;

impl Multiply for Vpdpbusd {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    unsafe fn product<S: Store>(x: &[i8], layer: &Linear<'_>, out: &mut [S::Out], store: &S) {
        let k = layer.inputs();
        let mut room = Rows::ROOM;
        let mut source = Rows::new(x, k, &mut room);
        product(&mut source, (layer, Inputs::new(layer, k)), out, store);
    }
}

/// Same contract as [`scalar::linear_i8`](crate::kernels::scalar::linear_i8).
pub(super) fn linear_i8<M: Multiply>(
    x: &[i8],
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    if !packing_is_faster(x, layer) {
        // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
        return unsafe {
            unpacked_product(x, layer, out, |channel, acc, out| {
                *out = activation.apply(channel.requant.apply(acc));
            })
        };
    }
    let zero_point = activation.zero_point;
    match activation.gelu {
        // SAFETY: as above.
        None => unsafe { packed_product::<M, _>(x, layer, out, &StoreI8 { zero_point }) },
        Some((table, _)) => {
            // SAFETY: as above.
            let table = unsafe { Table::new(table) };
            // SAFETY: as above.
            unsafe { packed_product::<M, _>(x, layer, out, &StoreGelu { zero_point, table }) }
        }
    }
}

/// Same contract as [`scalar::linear_skip_i8`](crate::kernels::scalar::linear_skip_i8).
pub(super) fn linear_skip_i8<M: Multiply>(
    x: &[i8],
    layer: &Linear<'_>,
    skip: &Skip,
    out: &mut [i8],
) {
    // `AddI8` applies its requant without a carry. For the smallest shift that is not exact, see
    // `Requants::carries`.
    if !packing_is_faster(x, layer) || skip.requant.shift() == Requant::MIN_SHIFT {
        return generic::linear_skip_i8(x, layer, skip, out);
    }
    // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
    let store = unsafe { AddI8::new(skip) };
    // SAFETY: as above.
    unsafe { packed_product::<M, _>(x, layer, out, &store) };
}

/// Same contract as [`scalar::linear_add_i16`](crate::kernels::scalar::linear_add_i16).
pub(super) fn linear_add_i16<M: Multiply>(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    if !packing_is_faster(x, layer) {
        return generic::linear_add_i16(x, layer, out);
    }
    // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
    unsafe { packed_product::<M, _>(x, layer, out, &AddI16) };
}

/// Same contract as [`scalar::logits_i8`](crate::kernels::scalar::logits_i8).
pub(super) fn logits_i8(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    let k = x.len().max(1);
    let blocks = w.chunks((DOTS * k).max(1)).zip(out.chunks_mut(DOTS));
    let mut bias = bias.iter();
    for (w, out) in blocks {
        // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
        let dots = unsafe { row_dots(x, w) };
        for ((out, dot), bias) in out.iter_mut().zip(dots).zip(&mut bias) {
            *out = bias + dot;
        }
    }
}

/// Whether to pack the weights of this layer: `x` has enough rows, the packed inputs of an output are at
/// most `MAX_K`, and no channel needs a carry (see `no_carry`).
fn packing_is_faster(x: &[i8], layer: &Linear<'_>) -> bool {
    let k = layer.inputs();
    Inputs::new(layer, k).fit() && x.len() >= MIN_ROWS * k && no_carry(layer)
}

/// [`Multiply::product`] into as many outputs as the rows have.
///
/// # Safety
/// The processor must have the features of the set.
unsafe fn packed_product<M: Multiply, S: Store>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [S::Out],
    store: &S,
) {
    let rows = x.len() / layer.inputs().max(1);
    let len = rows.saturating_mul(layer.outputs()).min(out.len());
    // SAFETY: the caller's promise is the other function's condition.
    unsafe { M::product(x, layer, part_mut(out, 0, len), store) };
}

/// All rows times all channels without packing, for few rows or many inputs. Calls `store` with the
/// channel, the exact accumulator and the place of each output.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn unpacked_product<T>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [T],
    store: impl Fn(&Channel<'_>, i32, &mut T),
) {
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    for (x, out) in rows(x, k).zip(rows_mut(out, n)) {
        let mut requants = layer.requants();
        for (w, out) in layer.weights().chunks((DOTS * k).max(1)).zip(out.chunks_mut(DOTS)) {
            for ((out, dot), channel) in out.iter_mut().zip(row_dots(x, w)).zip(&mut requants) {
                store(&channel, channel.bias + dot, out);
            }
        }
    }
}

/// The dot products of one input row with up to [`DOTS`] weight rows; 0 for each missing weight row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn row_dots(x: &[i8], w: &[i8]) -> [i32; DOTS] {
    // `vpdpbusd` needs an unsigned factor, `w + 128`. Therefore `128 · Σ x` is subtracted at the start, which is
    // the same for all rows of weights.
    let (flip, ones) = (_mm512_set1_epi8(i8::MIN), _mm512_set1_epi8(1));
    let mut sum = _mm512_setzero_si512();
    for x in x.chunks(BYTES) {
        sum = _mm512_dpbusd_epi32(sum, ones, load_bytes(x));
    }
    let start = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32::<7>(sum));
    let mut dots = [0; DOTS];
    for (dot, w) in dots.iter_mut().zip(rows(w, x.len())) {
        let mut acc = start;
        for (x, w) in x.chunks(BYTES).zip(w.chunks(BYTES)) {
            acc = _mm512_dpbusd_epi32(acc, _mm512_xor_si512(load_bytes(w), flip), load_bytes(x));
        }
        *dot = _mm512_reduce_add_epi32(acc);
    }
    dots
}
