//! Stores the rescaled accumulators of a row: as i8, through a GELU table, or added to values in memory.

use super::requant::Requants;
use super::vector::{LANES, Table, pack, store_bytes, store_halves, widen_bytes, widen_halves};
use crate::kernels::operand::Skip;
use crate::rows::tail;
use core::arch::x86_64::*;

/// A way to store the rescaled accumulators of a row.
pub(super) trait Store {
    /// A stored value.
    type Out;

    /// Stores the channels of the first `P` vectors, as many as `out` has elements.
    ///
    /// # Safety
    /// The processor must have AVX-512 F, BW, VL, VBMI and VNNI.
    unsafe fn store<const P: usize>(&self, rescaled: [__m512i; 4], out: &mut [Self::Out]);
}

/// Stores i8 with a zero point.
pub(super) struct StoreI8 {
    pub(super) zero_point: i8,
}

/// Stores i8 from a GELU table.
pub(super) struct StoreGelu {
    pub(super) zero_point: i8,
    pub(super) table: Table,
}

/// Adds to the residual stream, i16.
pub(super) struct AddI16;

/// Adds to the input of a residual stem stage, i8 at another scale, which `out` holds.
pub(super) struct AddI8 {
    input_zero_point: __m512i,
    requant: Requants,
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

/// Adds two vectors to up to 32 values of `out`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn add_halves([low, high]: [__m512i; 2], out: &mut [i16]) {
    // `vpackssdw` packs within each quarter of a vector. The permutation restores the order.
    let order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    let (before_low, before_high) = out.split_at(LANES.min(out.len()));
    let low = _mm512_add_epi32(widen_halves(before_low), low);
    let high = _mm512_add_epi32(widen_halves(before_high), high);
    let sums = _mm512_permutexvar_epi64(order, _mm512_packs_epi32(low, high));
    store_halves(sums, out);
}

impl AddI8 {
    #[target_feature(enable = "avx512f")]
    pub(super) fn new(skip: &Skip) -> Self {
        let mult = _mm512_set1_epi32(skip.requant.mult());
        Self {
            input_zero_point: _mm512_set1_epi32(skip.input_zero_point.into()),
            requant: Requants::uniform(mult, skip.requant.shift()),
            zero_point: skip.zero_point,
        }
    }

    /// Adds to `sum` the rescaled input of sixteen channels: the first values of `before`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn add(&self, sum: __m512i, before: &[i8]) -> __m512i {
        let before = _mm512_sub_epi32(widen_bytes(before), self.input_zero_point);
        let skipped = self.requant.apply_without_carry(_mm512_slli_epi32::<8>(before));
        _mm512_add_epi32(sum, skipped)
    }
}

impl Store for AddI8 {
    type Out = i8;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    unsafe fn store<const P: usize>(&self, rescaled: [__m512i; 4], out: &mut [i8]) {
        let [mut a, mut b, mut c, mut d] = rescaled;
        let before = |quarter: usize| tail(out, quarter * LANES);
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
