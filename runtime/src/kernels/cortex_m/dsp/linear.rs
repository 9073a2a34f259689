//! Linear layers and convolutions over windows.

use super::super::linear::{LayerLoops, Output, Store};
use super::channels::Channels;
use super::wide::{Group, ROWS, Wide};
use crate::kernels::operand::Linear;
use crate::rows::part;
use core::mem::MaybeUninit;
use core::{array, ptr};

/// Four rows of up to 768 inputs: 6 KiB of stack.
type Rows = Wide<192>;

/// The loops of the set.
pub(super) struct Loops;

impl LayerLoops for Loops {
    #[inline(never)]
    unsafe fn layer(store: &Store, x: &[i8], layer: &Linear<'_>, out: &Output) -> bool {
        let (k, n) = (layer.inputs(), layer.outputs());
        if !(1..=Rows::MAX).contains(&k) || n == 0 || !layer.is_fast() {
            return false;
        }
        let mut wide = Rows::new();
        let mut last = Last::new();
        let whole = if k % 4 == 0 { n } else { n - 1 };
        let last = if whole < n { last.fill(layer) } else { ptr::null() };
        let stride = n * out.size;
        let rows = (x.len() / k).min(out.len / n);
        let (mut row, mut x, mut start) = (0, x.as_ptr(), out.start);
        while row < rows {
            // If fewer than four rows are left, they are computed one by one. Each takes the place of all
            // four rows.
            let count = if rows - row >= ROWS { ROWS } else { 1 };
            let apart = usize::from(count == ROWS);
            let starts = array::from_fn(|row| x.wrapping_add(row * apart * k));
            // SAFETY: the rows have `k` values each, and `k` fits.
            let wide = unsafe { wide.fill(starts, k) };
            let mut channels = channels(store, layer, wide, start);
            channels.stride = apart * stride;
            // SAFETY: `count` rows of outputs are left. The first `whole` channels are followed by as many
            // weights as their last groups read. The copied channel is followed by zeros.
            unsafe {
                channels.run_to(start.add(whole * out.size));
                if whole < n {
                    channels.weights = last;
                    channels.run_to(start.add(stride));
                }
            }
            row += count;
            (x, start) = (x.wrapping_add(count * k), start.wrapping_add(count * stride));
        }
        true
    }
}

/// All channels of a layer, for rows that are stored from `out` on.
fn channels(store: &Store, layer: &Linear<'_>, x: &[Group], out: *mut u8) -> Channels {
    let (bias, mult, shift) = layer.stored(0, layer.outputs());
    Channels {
        bias: bias.as_ptr(),
        mult: mult.as_ptr(),
        shift: shift.as_ptr(),
        base: 2 * store.zero + 1,
        out,
        x: x.as_ptr(),
        groups: x.len(),
        stride: 0,
        skew: layer.inputs().cast_signed() - 4 * x.len().cast_signed(),
        end: out,
        weights: layer.weights().as_ptr(),
        tail: store.tail,
        table: store.table,
        skip: store.skip,
    }
}

/// The weights of a layer's last channel, filled up to whole groups. For other channels, a last group that
/// is not full also reads weights of the next channel, and multiplies them by zeros.
struct Last([MaybeUninit<i8>; Rows::MAX]);

impl Last {
    const fn new() -> Self {
        Self([MaybeUninit::uninit(); _])
    }

    fn fill(&mut self, layer: &Linear<'_>) -> *const i8 {
        let (k, n) = (layer.inputs(), layer.outputs());
        let weights = part(layer.weights(), (n - 1) * k, k).iter().chain(&[0; 3]);
        for (to, &weight) in self.0.iter_mut().zip(weights) {
            to.write(weight);
        }
        self.0.as_ptr().cast()
    }
}
