//! Linear layers with packed weights for many rows, without packing for few rows.

use super::multiply::{CHUNK, Multiply};
use super::packing::{Inputs, MAX_K};
use super::product::product;
use super::rows::Rows;
use super::store::{AddI8, AddI16, Store, StoreI8};
use super::vector::Vector;
use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear, Skip};
use crate::rows::part_mut;

/// Minimum number of input rows for packed weights. With fewer rows, packing costs more than it saves.
const MIN_ROWS: usize = 4;
/// Chunks for converted rows. Clearing the memory for many inputs would cost a small layer too much.
const FEW: usize = 1 << 9;
const MANY: usize = 1 << 12;

const _: () = assert!(MANY > 16 * MAX_K / 8, "many rows of any layer");

/// Same contract as [`scalar::linear_i8`](crate::kernels::scalar::linear_i8).
pub(super) fn linear_i8<M: Multiply>(
    x: &[i8],
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    if !packing_is_faster::<M>(x, layer) {
        return generic::linear_i8(x, layer, activation, out);
    }
    packed_product::<M, _>(x, layer, out, &StoreI8::new(activation.zero_point));
    apply_gelu::<M::V>(activation, out);
}

/// Replaces stored values by the entries of the table, if there is one.
pub(super) fn apply_gelu<V: Vector>(activation: &Activation<'_>, out: &mut [i8]) {
    if let Some((table, _)) = activation.gelu {
        V::look_up(table, out);
    }
}

/// Same contract as [`scalar::linear_skip_i8`](crate::kernels::scalar::linear_skip_i8).
pub(super) fn linear_skip_i8<M: Multiply>(
    x: &[i8],
    layer: &Linear<'_>,
    skip: &Skip,
    out: &mut [i8],
) {
    if !packing_is_faster::<M>(x, layer) {
        return generic::linear_skip_i8(x, layer, skip, out);
    }
    packed_product::<M, _>(x, layer, out, &AddI8::new(skip));
}

/// Same contract as [`scalar::linear_add_i16`](crate::kernels::scalar::linear_add_i16).
pub(super) fn linear_add_i16<M: Multiply>(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    if !packing_is_faster::<M>(x, layer) {
        return generic::linear_add_i16(x, layer, out);
    }
    packed_product::<M, _>(x, layer, out, &AddI16);
}

/// Whether to pack the weights of this layer: `x` has enough rows, and the packed inputs of an output fit.
fn packing_is_faster<M: Multiply>(x: &[i8], layer: &Linear<'_>) -> bool {
    let k = layer.inputs();
    Inputs::new::<M>(k, k).fit() && x.len() >= MIN_ROWS * k
}

/// All rows times all channels with packed weights, as many rows at a time as the memory for converted
/// inputs holds.
fn packed_product<M: Multiply, S: Store<M::V>>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [S::Out],
    store: &S,
) {
    let k = layer.inputs();
    if x.len() / k * k.div_ceil(M::INPUTS) <= FEW {
        with_room::<M, S, FEW>(x, layer, out, store);
    } else {
        with_room::<M, S, MANY>(x, layer, out, store);
    }
}

fn with_room<M: Multiply, S: Store<M::V>, const CHUNKS: usize>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [S::Out],
    store: &S,
) {
    let (k, n) = (layer.inputs(), layer.outputs().max(1));
    let inputs = Inputs::new::<M>(k, k);
    let mut room = [[0; CHUNK]; CHUNKS];
    let rows = CHUNKS / inputs.run_chunks().max(1);
    let parts = x.chunks((rows * k).max(1)).zip(out.chunks_mut((rows * n).max(1)));
    for (x, out) in parts {
        let mut source = Rows::new::<M>(x, k, &mut room);
        let len = (x.len() / k.max(1) * n).min(out.len());
        product::<M, _, S>(&mut source, (layer, inputs), part_mut(out, 0, len), store);
    }
}
