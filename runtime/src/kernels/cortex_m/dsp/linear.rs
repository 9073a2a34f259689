//! Linear layers and convolutions over windows.

use super::channels::{Channels, SkipScale, Tail};
use super::rescale::{HighWord, sat8, sat16};
use super::wide::{Group, ROWS, Wide};
use crate::fixed::Requant;
use crate::kernels::{Activation, Linear, Skip};
use crate::rows::{part, rows};
use core::mem::MaybeUninit;
use core::{array, ptr};

/// Four rows of up to 768 inputs: 6 KiB of stack.
type Rows = Wide<192>;

/// Same contract as [`scalar::linear_i8`](crate::kernels::scalar::linear_i8).
pub(super) fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    let zero = i32::from(activation.zero_point);
    let found = Output { start: out.as_mut_ptr().cast(), len: out.len(), size: 1 };
    let done = match activation.gelu {
        Some((table, _)) => {
            let table = by_value_plus_128(Some(table));
            let store = Store { zero: zero + 128, table: table.as_ptr(), ..Store::new(Tail::Gelu) };
            store.layer(x, layer, &found)
        }
        None => Store { zero, ..Store::new(Tail::Bytes) }.layer(x, layer, &found),
    };
    if !done {
        each_output(x, layer, &mut |at, value| {
            if let Some(out) = out.get_mut(at) {
                *out = activation.apply(value);
            }
        });
    }
}

/// Same contract as [`scalar::linear_skip_i8`](crate::kernels::scalar::linear_skip_i8).
pub(super) fn linear_skip_i8(x: &[i8], layer: &Linear<'_>, skip: &Skip, out: &mut [i8]) {
    let found = Output { start: out.as_mut_ptr().cast(), len: out.len(), size: 1 };
    let done = SkipScale::new(skip).is_some_and(|skipped| {
        let zero = skip.zero_point.into();
        Store { zero, skip: skipped, ..Store::new(Tail::Skip) }.layer(x, layer, &found)
    });
    if !done {
        let (zero_in, zero_out) = (i32::from(skip.input_zero_point), i32::from(skip.zero_point));
        each_output(x, layer, &mut |at, value| {
            if let Some(out) = out.get_mut(at) {
                let skipped = skip.requant.apply((i32::from(*out) - zero_in) * 256);
                *out = sat8(zero_out + value + skipped);
            }
        });
    }
}

/// Same contract as [`scalar::linear_add_i16`](crate::kernels::scalar::linear_add_i16).
pub(super) fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    let found = Output { start: out.as_mut_ptr().cast(), len: out.len(), size: size_of::<i16>() };
    if !Store::new(Tail::Add).layer(x, layer, &found) {
        each_output(x, layer, &mut |at, value| {
            if let Some(out) = out.get_mut(at) {
                *out = sat16(i32::from(*out) + value);
            }
        });
    }
}

/// A table of GELU in the order of values, not of their bits; without one, of the values themselves.
#[inline(never)]
pub(super) fn by_value_plus_128(table: Option<&[i8; 256]>) -> [i8; 256] {
    match table {
        Some(table) => {
            let [positive, negative]: [[i8; 128]; 2] = bytemuck::cast(*table);
            bytemuck::cast([negative, positive])
        }
        None => array::from_fn(|index| (index as u8 ^ 0x80).cast_signed()),
    }
}

/// `len` outputs of `size` bytes.
struct Output {
    start: *mut u8,
    len: usize,
    size: usize,
}

/// What becomes of a layer's values.
struct Store {
    tail: Tail,
    /// Added to each rescaled accumulator.
    zero: i32,
    table: *const i8,
    skip: SkipScale,
}

impl Store {
    const fn new(tail: Tail) -> Self {
        Self { tail, zero: 0, table: ptr::null(), skip: SkipScale::NONE }
    }

    /// Applies a layer to all rows; false, and nothing done, if it takes the portable kernel.
    #[inline(never)]
    fn layer(&self, x: &[i8], layer: &Linear<'_>, out: &Output) -> bool {
        let (k, n) = (layer.inputs(), layer.outputs());
        if !(1..=Rows::MAX).contains(&k) || n == 0 || !all_in_range(layer) {
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
            // Fewer than four rows are computed one by one, each in place of all four.
            let count = if rows - row >= ROWS { ROWS } else { 1 };
            let apart = usize::from(count == ROWS);
            let starts = array::from_fn(|row| x.wrapping_add(row * apart * k));
            // SAFETY: the rows have `k` values each, and `k` fits.
            let wide = unsafe { wide.fill(starts, k) };
            let mut channels = self.channels(layer, wide, start);
            channels.stride = apart * stride;
            // SAFETY: `count` rows of outputs are left; the first `whole` channels are followed by
            // as many weights as their groups read, the copied one by zeros.
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

    /// All channels of a layer, for rows that are stored from `out` on.
    fn channels(&self, layer: &Linear<'_>, x: &[Group], out: *mut u8) -> Channels {
        let (bias, mult, shift) = layer.stored(0, layer.outputs());
        Channels {
            bias: bias.as_ptr(),
            mult: mult.as_ptr(),
            shift: shift.as_ptr(),
            base: 2 * self.zero + 1,
            out,
            x: x.as_ptr(),
            groups: x.len(),
            stride: 0,
            skew: layer.inputs().cast_signed() - 4 * x.len().cast_signed(),
            end: out,
            weights: layer.weights().as_ptr(),
            tail: self.tail,
            table: self.table,
            skip: self.skip,
        }
    }
}

/// The weights of a layer's last channel, filled up to whole groups. Elsewhere a last group that is
/// not full reads on into the next channel, against zeros.
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

/// Calls `store` with the place of each output and its rescaled accumulator, for layers that
/// [`Store::layer`] does not take.
#[cold]
#[inline(never)]
fn each_output(x: &[i8], layer: &Linear<'_>, store: &mut dyn FnMut(usize, i32)) {
    let mut at = 0;
    for x in rows(x, layer.inputs()) {
        for channel in layer.channels() {
            let products =
                x.iter().zip(channel.weights).map(|(&x, &w)| i32::from(x) * i32::from(w));
            store(at, channel.requant.apply(channel.bias + products.sum::<i32>()));
            at += 1;
        }
    }
}

/// Whether [`HighWord`] takes every channel of a layer.
fn all_in_range(layer: &Linear<'_>) -> bool {
    let (_, mult, shift) = layer.stored(0, layer.outputs());
    mult.iter().all(|&mult| i32::from_le_bytes(mult) >= Requant::MIN_MULT)
        && shift.iter().all(|shift| HighWord::SHIFTS.contains(shift))
}
