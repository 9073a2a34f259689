//! The operations of the shared kernels on NEON's vectors.

use super::instructions::*;
use crate::fixed::MAX_ATTENTION_OCTAVES;
use crate::kernels::lanes::vector::Vector;
use core::arch::aarch64::{
    int8x16_t, int8x16x4_t, int16x8_t, int32x4_t, int64x2_t, vld1_s8, vld1q_s8, vld1q_s8_x4,
    vld1q_s16, vld1q_s32, vst1_s8, vst1q_s8, vst1q_s16, vst1q_s32,
};

/// A vector.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Neon(pub(super) int8x16_t);

/// Four multipliers and shifts.
#[derive(Clone, Copy)]
pub(super) struct Requant {
    mult: int32x4_t,
    /// Of the lower and of the upper two lanes. They are negative: `srshl` by a negative number is a right shift
    /// that rounds half up.
    shifts: [int64x2_t; 2],
}

impl Neon {
    #[inline]
    pub(super) fn i16(self) -> int16x8_t {
        vreinterpretq_s16_s8(self.0)
    }

    #[inline]
    pub(super) fn i32(self) -> int32x4_t {
        vreinterpretq_s32_s8(self.0)
    }

    /// Eight i16 less 128, as i8 in the lower half.
    #[inline]
    pub(super) fn less_128(self) -> Self {
        let less = self.sub16(Self::splat16(128));
        less.narrow16(less)
    }

    /// Stores the lower half of [`less_128`](Self::less_128).
    #[inline]
    pub(super) fn store_less_128(self, out: &mut [i8]) {
        if let Some(out) = out.first_chunk_mut() {
            self.less_128().store_half(out);
        }
    }

    #[inline]
    fn i64(self) -> int64x2_t {
        vreinterpretq_s64_s8(self.0)
    }
}

impl From<int16x8_t> for Neon {
    #[inline]
    fn from(lanes: int16x8_t) -> Self {
        Self(vreinterpretq_s8_s16(lanes))
    }
}

impl From<int32x4_t> for Neon {
    #[inline]
    fn from(lanes: int32x4_t) -> Self {
        Self(vreinterpretq_s8_s32(lanes))
    }
}

impl From<int64x2_t> for Neon {
    #[inline]
    fn from(lanes: int64x2_t) -> Self {
        Self(vreinterpretq_s8_s64(lanes))
    }
}

impl Vector for Neon {
    #[inline]
    fn zero() -> Self {
        Self(vdupq_n_s8(0))
    }

    #[inline]
    fn splat16(value: i16) -> Self {
        vdupq_n_s16(value).into()
    }

    #[inline]
    fn splat32(value: i32) -> Self {
        vdupq_n_s32(value).into()
    }

    #[inline]
    fn load(values: &[i8; 16]) -> Self {
        // SAFETY: there are sixteen bytes.
        Self(unsafe { vld1q_s8(values.as_ptr()) })
    }

    #[inline]
    fn load_half(values: &[i8; 8]) -> Self {
        // SAFETY: there are eight bytes.
        let lower = unsafe { vld1_s8(values.as_ptr()) };
        Self(vcombine_s8(lower, vget_low_s8(vdupq_n_s8(0))))
    }

    #[inline]
    fn load16(values: &[i16; 8]) -> Self {
        // SAFETY: there are eight i16.
        unsafe { vld1q_s16(values.as_ptr()) }.into()
    }

    #[inline]
    fn load32(values: &[i32; 4]) -> Self {
        // SAFETY: there are four i32.
        unsafe { vld1q_s32(values.as_ptr()) }.into()
    }

    #[inline]
    fn store(self, out: &mut [i8; 16]) {
        // SAFETY: there are sixteen bytes.
        unsafe { vst1q_s8(out.as_mut_ptr(), self.0) };
    }

    #[inline]
    fn store_half(self, out: &mut [i8; 8]) {
        // SAFETY: there are eight bytes.
        unsafe { vst1_s8(out.as_mut_ptr(), vget_low_s8(self.0)) };
    }

    #[inline]
    fn store16(self, out: &mut [i16; 8]) {
        // SAFETY: there are eight i16.
        unsafe { vst1q_s16(out.as_mut_ptr(), self.i16()) };
    }

    #[inline]
    fn store32(self, out: &mut [i32; 4]) {
        // SAFETY: there are four i32.
        unsafe { vst1q_s32(out.as_mut_ptr(), self.i32()) };
    }

    #[inline]
    fn add16_saturating(self, other: Self) -> Self {
        vqaddq_s16(self.i16(), other.i16()).into()
    }

    #[inline]
    fn sub16(self, other: Self) -> Self {
        vsubq_s16(self.i16(), other.i16()).into()
    }

    #[inline]
    fn add32(self, other: Self) -> Self {
        vaddq_s32(self.i32(), other.i32()).into()
    }

    #[inline]
    fn sub32(self, other: Self) -> Self {
        vsubq_s32(self.i32(), other.i32()).into()
    }

    #[inline]
    fn mul32(self, other: Self) -> Self {
        vmulq_s32(self.i32(), other.i32()).into()
    }

    #[inline]
    fn max32(self, other: Self) -> Self {
        vmaxq_s32(self.i32(), other.i32()).into()
    }

    #[inline]
    fn shift_right32(self, shift: u8) -> Self {
        vshlq_s32(self.i32(), vdupq_n_s32(-i32::from(shift))).into()
    }

    #[inline]
    fn widen8(self) -> [Self; 2] {
        [vmovl_s8(vget_low_s8(self.0)).into(), vmovl_high_s8(self.0).into()]
    }

    #[inline]
    fn widen16(self) -> [Self; 2] {
        [vmovl_s16(vget_low_s16(self.i16())).into(), vmovl_high_s16(self.i16()).into()]
    }

    #[inline]
    fn narrow16(self, upper: Self) -> Self {
        Self(vqmovn_high_s16(vqmovn_s16(self.i16()), upper.i16()))
    }

    #[inline]
    fn narrow32(self, upper: Self) -> Self {
        vqmovn_high_s32(vqmovn_s32(self.i32()), upper.i32()).into()
    }

    #[inline]
    fn zip8(self, other: Self) -> [Self; 2] {
        [Self(vzip1q_s8(self.0, other.0)), Self(vzip2q_s8(self.0, other.0))]
    }

    #[inline]
    fn zip32(self, other: Self) -> [Self; 2] {
        let (a, b) = (self.i32(), other.i32());
        [vzip1q_s32(a, b).into(), vzip2q_s32(a, b).into()]
    }

    #[inline]
    fn total32(self) -> i32 {
        vaddvq_s32(self.i32())
    }

    #[inline]
    fn highest32(self) -> i32 {
        vmaxvq_s32(self.i32())
    }

    #[inline]
    fn totals32(vectors: [Self; 4]) -> Self {
        let [a, b, c, d] = vectors.map(Self::i32);
        vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)).into()
    }

    #[inline]
    fn add_pairs16(self, values: Self) -> Self {
        vpadalq_s16(self.i32(), values.i16()).into()
    }

    #[inline]
    fn add_all8(self, values: Self) -> Self {
        vpadalq_s16(self.i32(), vpaddlq_s8(values.0)).into()
    }

    /// Sums of two i64.
    #[inline]
    fn add_squares16([lower, upper]: [Self; 2], values: Self) -> [Self; 2] {
        let values = values.i16();
        let half = vget_low_s16(values);
        [
            vpadalq_s32(lower.i64(), vmull_s16(half, half)).into(),
            vpadalq_s32(upper.i64(), vmull_high_s16(values, values)).into(),
        ]
    }

    #[inline]
    fn total_squares([lower, upper]: [Self; 2]) -> i64 {
        vaddvq_s64(lower.i64()).wrapping_add(vaddvq_s64(upper.i64()))
    }

    type Requant = Requant;

    #[inline]
    fn requant(mult: [i32; 4], shift: [u8; 4]) -> Requant {
        let [a, b, c, d] = shift.map(|shift| -i32::from(shift));
        let Self(shifts) = Self::load32(&[a, b, c, d]);
        let shifts = vreinterpretq_s32_s8(shifts);
        let wide = [vmovl_s32(vget_low_s32(shifts)), vmovl_high_s32(shifts)];
        Requant { mult: Self::load32(&mult).i32(), shifts: wide }
    }

    #[inline]
    fn rescale(self, requant: &Requant) -> Self {
        let value = self.i32();
        let [shifts0, shifts1] = requant.shifts;
        let lower = vmull_s32(vget_low_s32(value), vget_low_s32(requant.mult));
        let upper = vmull_high_s32(value, requant.mult);
        let (lower, upper) = (vrshlq_s64(lower, shifts0), vrshlq_s64(upper, shifts1));
        vcombine_s32(vmovn_s64(lower), vmovn_s64(upper)).into()
    }

    #[inline]
    fn octaves(self, other: Self, limit: Self, mult: Self) -> Self {
        let distance = vreinterpretq_u32_s32(vsubq_s32(self.i32(), other.i32()));
        let distance = vminq_u32(distance, vreinterpretq_u32_s32(limit.i32()));
        let product = vmulq_s32(vreinterpretq_s32_u32(distance), mult.i32());
        let octaves = vshlq_u32(vreinterpretq_u32_s32(product), vdupq_n_s32(-17));
        vreinterpretq_s32_u32(octaves).into()
    }

    #[inline]
    fn exp2_neg(self) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "a constant far below 2^15")]
        const MAX: i16 = MAX_ATTENTION_OCTAVES as i16;
        let set = vdupq_n_s16;
        let octaves = vminq_s16(self.i16(), set(MAX));
        let f = vshlq_s16(vandq_s16(octaves, set(2047)), set(4));
        let p = vaddq_s16(set(7_592), vqrdmulhq_s16(set(-1_327), f));
        let p = vaddq_s16(set(-22_588), vqrdmulhq_s16(p, f));
        let p = vaddq_s16(set(32_640), vqrdmulhq_s16(p, f));
        // `256 >> n`: a left shift by a negative number is a right shift.
        let shifts = vnegq_s16(vshlq_s16(octaves, set(-11)));
        vqrdmulhq_s16(p, vshlq_s16(set(256), shifts)).into()
    }

    #[inline]
    fn column(rows: [Self; 4]) -> [Self; 4] {
        rows
    }

    #[inline]
    fn add_column([lower, upper]: [Self; 2], x: &[Self; 4], w: &[Self; 4]) -> [Self; 2] {
        let (mut lower, mut upper) = (lower.i32(), upper.i32());
        for (x, w) in x.iter().zip(w) {
            let (x, w) = (x.i16(), w.i16());
            lower = vmlal_s16(lower, vget_low_s16(x), vget_low_s16(w));
            upper = vmlal_high_s16(upper, x, w);
        }
        [lower.into(), upper.into()]
    }

    /// Sixteen values at a time: the instruction reads 64 entries, and keeps the result for an index outside of
    /// them.
    #[inline]
    fn look_up(table: &[i8; 256], values: &mut [i8]) {
        let (quarters, _) = table.as_chunks::<64>();
        let [a, b, c, d] = [0, 1, 2, 3].map(|at| quarter(quarters.get(at)));
        let look_up = |values: &mut [i8; 16]| {
            let Self(index) = Self::load(values);
            let part = |first: i8| vreinterpretq_u8_s8(veorq_s8(index, vdupq_n_s8(first)));
            let found = vqtbl4q_s8(a, part(0));
            let found = vqtbx4q_s8(found, b, part(64));
            let found = vqtbx4q_s8(found, c, part(-128));
            Self(vqtbx4q_s8(found, d, part(-64))).store(values);
        };
        let (whole, rest) = values.as_chunks_mut::<16>();
        whole.iter_mut().for_each(look_up);
        for value in rest {
            // Every u8 is a valid index of 256 entries.
            *value = table.get(usize::from(value.cast_unsigned())).copied().unwrap_or(0);
        }
    }
}

/// A quarter of a table.
#[inline]
fn quarter(values: Option<&[i8; 64]>) -> int8x16x4_t {
    let values = values.unwrap_or(&[0; 64]);
    // SAFETY: there are 64 bytes.
    unsafe { vld1q_s8_x4(values.as_ptr()) }
}
