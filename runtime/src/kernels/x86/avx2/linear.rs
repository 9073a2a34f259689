//! Linear layers with packed weights for many rows, without packing for few rows.

use super::multiply::Multiply;
use super::packing::Inputs;
use super::product::product;
use super::rows::{Room, Rows, capacity};
use super::store::{AddI8, AddI16, Store, StoreI8};
use super::vector::Table;
use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear, Skip};
use crate::rows::part_mut;

/// Minimum number of input rows for packed weights. With fewer rows, packing costs more than it saves.
const MIN_ROWS: usize = 4;

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
    // SAFETY: `sets` returns a set only if the processor has its instructions.
    unsafe {
        packed_product::<M, _>(x, layer, out, &StoreI8 { zero_point: activation.zero_point })
    };
    apply_gelu(activation, out);
}

/// Replaces stored values by the entries of the table, if there is one.
pub(super) fn apply_gelu(activation: &Activation<'_>, out: &mut [i8]) {
    if let Some((table, _)) = activation.gelu {
        // SAFETY: `sets` returns a set only if the processor has AVX2.
        let table = unsafe { Table::new(table) };
        // SAFETY: as above.
        unsafe { table.replace(out) };
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
    // SAFETY: `sets` returns a set only if the processor has its instructions.
    let store = unsafe { AddI8::new(skip) };
    // SAFETY: as above.
    unsafe { packed_product::<M, _>(x, layer, out, &store) };
}

/// Same contract as [`scalar::linear_add_i16`](crate::kernels::scalar::linear_add_i16).
pub(super) fn linear_add_i16<M: Multiply>(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    if !packing_is_faster::<M>(x, layer) {
        return generic::linear_add_i16(x, layer, out);
    }
    // SAFETY: `sets` returns a set only if the processor has its instructions.
    unsafe { packed_product::<M, _>(x, layer, out, &AddI16) };
}

/// Whether to pack the weights of this layer: `x` has enough rows, and the packed inputs of an output fit.
fn packing_is_faster<M: Multiply>(x: &[i8], layer: &Linear<'_>) -> bool {
    let k = layer.inputs();
    Inputs::new::<M>(layer, k).fit() && x.len() >= MIN_ROWS * k
}

/// All rows times all channels with packed weights, as many rows at a time as the memory for converted
/// inputs holds.
#[target_feature(enable = "avx2")]
fn packed_product<M: Multiply, S: Store>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [S::Out],
    store: &S,
) {
    let (k, n) = (layer.inputs(), layer.outputs().max(1));
    let mut room = Room::new();
    let rows = capacity::<M>(k);
    let parts = x.chunks((rows * k).max(1)).zip(out.chunks_mut((rows * n).max(1)));
    for (x, out) in parts {
        let mut source = Rows::new::<M>(x, k, &mut room);
        let len = (x.len() / k.max(1) * n).min(out.len());
        product::<M, _, S>(
            &mut source,
            (layer, Inputs::new::<M>(layer, k)),
            part_mut(out, 0, len),
            store,
        );
    }
}
