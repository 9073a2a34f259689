//! The parts of linear layers and convolutions over windows that both sets share.

use super::requant::{UpperRequant, sat8, sat16};
use crate::kernels::operand::{Activation, Linear, Skip};
use crate::kernels::upper::each_output;
use core::hint::black_box;
use core::{array, ptr};

/// The loops of one set.
pub(super) trait LayerLoops {
    /// Applies a layer to all rows. Returns `false`, and writes nothing, if the layer needs the
    /// portable loops.
    ///
    /// # Safety
    /// `out` must describe a slice that nothing else reads or writes during the call. A table of `store`
    /// must have 256 values.
    unsafe fn layer(store: &Store, x: &[i8], layer: &Linear<'_>, out: &Output) -> bool;
}

/// Same contract as [`scalar::linear_i8`](crate::kernels::scalar::linear_i8).
pub(super) fn linear_i8<L: LayerLoops>(
    x: &[i8],
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let zero = i32::from(activation.zero_point);
    let found = Output { start: out.as_mut_ptr().cast(), len: out.len(), size: 1 };
    let done = match activation.gelu {
        Some((table, _)) => {
            let table = by_value_plus_128(Some(table));
            let store = Store { zero: zero + 128, table: table.as_ptr(), ..Store::new(Tail::Gelu) };
            // SAFETY: `found` describes `out`, and the table outlives the call.
            unsafe { L::layer(&store, x, layer, &found) }
        }
        // SAFETY: `found` describes `out`.
        None => unsafe { L::layer(&Store { zero, ..Store::new(Tail::Bytes) }, x, layer, &found) },
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
pub(super) fn linear_skip_i8<L: LayerLoops>(
    x: &[i8],
    layer: &Linear<'_>,
    skip: &Skip,
    out: &mut [i8],
) {
    let found = Output { start: out.as_mut_ptr().cast(), len: out.len(), size: 1 };
    let done = SkipRequant::new(skip).is_some_and(|skipped| {
        let zero = skip.zero_point.into();
        let store = Store { zero, skip: skipped, ..Store::new(Tail::Skip) };
        // SAFETY: `found` describes `out`.
        unsafe { L::layer(&store, x, layer, &found) }
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
pub(super) fn linear_add_i16<L: LayerLoops>(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    let found = Output { start: out.as_mut_ptr().cast(), len: out.len(), size: size_of::<i16>() };
    // SAFETY: `found` describes `out`.
    if !unsafe { L::layer(&Store::new(Tail::Add), x, layer, &found) } {
        each_output(x, layer, &mut |at, value| {
            if let Some(out) = out.get_mut(at) {
                *out = sat16(i32::from(*out) + value);
            }
        });
    }
}

/// A table indexed by a value plus 128: GELU, reordered from its order by bits, or the identity if
/// there is no GELU.
#[inline(never)]
pub(super) fn by_value_plus_128(table: Option<&[i8; 256]>) -> [i8; 256] {
    match table {
        Some(table) => {
            let [positive, negative]: [[i8; 128]; 2] = bytemuck::cast(*table);
            bytemuck::cast([negative, positive])
        }
        // `black_box` keeps the compiler from putting a constant table into flash.
        None => array::from_fn(|index| (black_box(index as u8) ^ 0x80).cast_signed()),
    }
}

/// `len` outputs of `size` bytes.
pub(super) struct Output {
    pub(super) start: *mut u8,
    pub(super) len: usize,
    pub(super) size: usize,
}

/// How a layer's values are stored.
pub(super) struct Store {
    pub(super) tail: Tail,
    /// Added to each rescaled accumulator.
    pub(super) zero: i32,
    /// For [`Tail::Gelu`]: the table by the value plus 128.
    pub(super) table: *const i8,
    /// For [`Tail::Skip`].
    pub(super) skip: SkipRequant,
}

impl Store {
    pub(super) const fn new(tail: Tail) -> Self {
        Self { tail, zero: 0, table: ptr::null(), skip: SkipRequant::NONE }
    }
}

/// The last step of a store. Assembly jumps by the order of these cases.
#[repr(u32)]
#[derive(Clone, Copy)]
pub(super) enum Tail {
    /// As i8.
    Bytes,
    /// As i8, through a table. 128 is already added to the values.
    Gelu,
    /// Added to i16.
    Add,
    /// As i8, added to the rescaled i8 that the output holds.
    Skip,
}

/// A [`Skip`](crate::kernels::Skip), as assembly reads it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct SkipRequant {
    requant: UpperRequant,
    /// 256 times the input's zero point.
    zero: i32,
}

impl SkipRequant {
    /// For tails other than [`Tail::Skip`].
    pub(super) const NONE: Self = Self { requant: UpperRequant::ZERO, zero: 0 };

    /// `None` if [`UpperRequant`] does not support the shift.
    pub(super) fn new(skip: &Skip) -> Option<Self> {
        let requant = UpperRequant::new(skip.requant.mult(), skip.requant.shift(), 0)?;
        Some(Self { requant, zero: 256 * i32::from(skip.input_zero_point) })
    }
}
