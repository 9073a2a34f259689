//! Linear layers and convolutions over windows.

use super::super::linear::{LayerLoops, Output};
use super::pack::{Group, Packed, ROWS};
use super::product::{Accumulators, Product};
use super::store::Store;
use crate::kernels::operand::Linear;
use core::array;
use core::mem::MaybeUninit;

/// Four rows of up to 768 inputs: 3 KiB of stack.
type Rows = Packed<48>;

/// Channels whose sums are computed before they are stored together: 512 bytes of stack.
const CHANNELS: usize = 32;

/// The loops of the set.
pub(super) struct Loops;

impl LayerLoops for Loops {
    #[inline(never)]
    unsafe fn layer(
        store: &super::super::linear::Store,
        x: &[i8],
        layer: &Linear<'_>,
        out: &Output,
    ) -> bool {
        let (k, n) = (layer.inputs(), layer.outputs());
        if !(1..=Rows::MAX).contains(&k) || n == 0 || !layer.is_fast() {
            return false;
        }
        let mut packed = Rows::new();
        let rows = (x.len() / k).min(out.len / n);
        for first in (0..rows).step_by(ROWS) {
            // The last row is used in place of rows beyond it.
            let row = |index: usize| (first + index).min(rows - 1);
            let starts = array::from_fn(|index| x.as_ptr().wrapping_add(row(index) * k));
            let out = array::from_fn(|index| out.start.wrapping_add(row(index) * n * out.size));
            // SAFETY: the rows have `k` values each, `k` fits, and `out` has the rows' outputs.
            unsafe { channels(packed.fill(starts, k), layer, &mut Store::new(store, layer, out)) };
        }
        true
    }
}

/// All channels of four rows.
///
/// # Safety
/// `x` must hold rows of the layer. `store` must point to their outputs.
unsafe fn channels(x: &[Group], layer: &Linear<'_>, store: &mut Store) {
    let (k, n) = (layer.inputs(), layer.outputs());
    let mut acc: Accumulators<CHANNELS> = [MaybeUninit::uninit(); _];
    let mut product = Product::new(x, k, k);
    for first in (0..n).step_by(CHANNELS) {
        let count = CHANNELS.min(n - first);
        // SAFETY: `count` channels are left, `CHANNELS` is a multiple of four.
        unsafe {
            product.run(layer.weights().as_ptr().wrapping_add(first * k), count, &mut acc);
            store.run(&acc, count);
        }
    }
}
