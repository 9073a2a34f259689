//! The operations of the shared kernels on WebAssembly's vectors.

use crate::fixed::{MAX_ATTENTION_OCTAVES, half};
use crate::kernels::lanes::vector::Vector;
use core::arch::wasm32::*;

/// A vector.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Simd128(pub(super) v128);

/// Four multipliers and shifts.
#[derive(Clone, Copy)]
pub(super) struct Requant {
    mult: v128,
    /// `2^(shift − 1)` of the lower and of the upper two lanes.
    half: [v128; 2],
    /// `2^(62 − shift)`. There is no shift by a number for each lane, so this product takes its place.
    power: v128,
}

/// The upper words of products, which are of the lower and of the upper two lanes.
#[inline]
fn upper_words(lower: v128, upper: v128) -> v128 {
    i32x4_shuffle::<1, 3, 5, 7>(lower, upper)
}

impl Simd128 {
    /// The lanes of two vectors in turns, as those of [`Vector::zip8`].
    #[inline]
    pub(super) fn zip16(self, other: Self) -> [Self; 2] {
        let (a, b) = (self.0, other.0);
        [
            Self(i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b)),
            Self(i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b)),
        ]
    }

    /// As [`Self::zip16`].
    #[inline]
    pub(super) fn zip64(self, other: Self) -> [Self; 2] {
        let (a, b) = (self.0, other.0);
        [Self(i64x2_shuffle::<0, 2>(a, b)), Self(i64x2_shuffle::<1, 3>(a, b))]
    }
}

impl Vector for Simd128 {
    #[inline]
    fn zero() -> Self {
        Self(i32x4_splat(0))
    }

    #[inline]
    fn splat16(value: i16) -> Self {
        Self(i16x8_splat(value))
    }

    #[inline]
    fn splat32(value: i32) -> Self {
        Self(i32x4_splat(value))
    }

    #[inline]
    fn load(values: &[i8; 16]) -> Self {
        // SAFETY: there are sixteen bytes.
        Self(unsafe { v128_load(values.as_ptr().cast()) })
    }

    #[inline]
    fn load_half(values: &[i8; 8]) -> Self {
        // SAFETY: there are eight bytes.
        Self(unsafe { v128_load64_zero(values.as_ptr().cast()) })
    }

    #[inline]
    fn load16(values: &[i16; 8]) -> Self {
        // SAFETY: there are sixteen bytes.
        Self(unsafe { v128_load(values.as_ptr().cast()) })
    }

    #[inline]
    fn load32(values: &[i32; 4]) -> Self {
        // SAFETY: there are sixteen bytes.
        Self(unsafe { v128_load(values.as_ptr().cast()) })
    }

    #[inline]
    fn store(self, out: &mut [i8; 16]) {
        // SAFETY: there are sixteen bytes.
        unsafe { v128_store(out.as_mut_ptr().cast(), self.0) };
    }

    #[inline]
    fn store_half(self, out: &mut [i8; 8]) {
        // SAFETY: there are eight bytes.
        unsafe { v128_store64_lane::<0>(self.0, out.as_mut_ptr().cast()) };
    }

    #[inline]
    fn store16(self, out: &mut [i16; 8]) {
        // SAFETY: there are sixteen bytes.
        unsafe { v128_store(out.as_mut_ptr().cast(), self.0) };
    }

    #[inline]
    fn store32(self, out: &mut [i32; 4]) {
        // SAFETY: there are sixteen bytes.
        unsafe { v128_store(out.as_mut_ptr().cast(), self.0) };
    }

    #[inline]
    fn add16_saturating(self, other: Self) -> Self {
        Self(i16x8_add_sat(self.0, other.0))
    }

    #[inline]
    fn sub16(self, other: Self) -> Self {
        Self(i16x8_sub(self.0, other.0))
    }

    #[inline]
    fn add32(self, other: Self) -> Self {
        Self(i32x4_add(self.0, other.0))
    }

    #[inline]
    fn sub32(self, other: Self) -> Self {
        Self(i32x4_sub(self.0, other.0))
    }

    #[inline]
    fn mul32(self, other: Self) -> Self {
        Self(i32x4_mul(self.0, other.0))
    }

    #[inline]
    fn max32(self, other: Self) -> Self {
        Self(i32x4_max(self.0, other.0))
    }

    #[inline]
    fn shift_right32(self, shift: u8) -> Self {
        Self(i32x4_shr(self.0, shift.into()))
    }

    #[inline]
    fn widen8(self) -> [Self; 2] {
        [Self(i16x8_extend_low_i8x16(self.0)), Self(i16x8_extend_high_i8x16(self.0))]
    }

    #[inline]
    fn widen16(self) -> [Self; 2] {
        [Self(i32x4_extend_low_i16x8(self.0)), Self(i32x4_extend_high_i16x8(self.0))]
    }

    #[inline]
    fn narrow16(self, upper: Self) -> Self {
        Self(i8x16_narrow_i16x8(self.0, upper.0))
    }

    #[inline]
    fn narrow32(self, upper: Self) -> Self {
        Self(i16x8_narrow_i32x4(self.0, upper.0))
    }

    #[inline]
    fn zip8(self, other: Self) -> [Self; 2] {
        let (a, b) = (self.0, other.0);
        [
            Self(i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b)),
            Self(i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(
                a, b,
            )),
        ]
    }

    #[inline]
    fn zip32(self, other: Self) -> [Self; 2] {
        let (a, b) = (self.0, other.0);
        [Self(i32x4_shuffle::<0, 4, 1, 5>(a, b)), Self(i32x4_shuffle::<2, 6, 3, 7>(a, b))]
    }

    #[inline]
    fn total32(self) -> i32 {
        let pairs = i32x4_add(self.0, i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0));
        i32x4_extract_lane::<0>(pairs).wrapping_add(i32x4_extract_lane::<1>(pairs))
    }

    #[inline]
    fn highest32(self) -> i32 {
        let pairs = i32x4_max(self.0, i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0));
        i32x4_extract_lane::<0>(pairs).max(i32x4_extract_lane::<1>(pairs))
    }

    #[inline]
    fn totals32([a, b, c, d]: [Self; 4]) -> Self {
        let ([ab, ab2], [cd, cd2]) = (a.zip32(b), c.zip32(d));
        let (ab, cd) = (ab.add32(ab2), cd.add32(cd2));
        let [first, second] = ab.zip64(cd);
        first.add32(second)
    }

    #[inline]
    fn add_pairs16(self, values: Self) -> Self {
        Self(i32x4_add(self.0, i32x4_dot_i16x8(values.0, i16x8_splat(1))))
    }

    #[inline]
    fn add_all8(self, values: Self) -> Self {
        Self(i32x4_add(self.0, i32x4_extadd_pairwise_i16x8(i16x8_extadd_pairwise_i8x16(values.0))))
    }

    /// The sum of two squares of −2^15 is 2^31, which is correct if it is read as unsigned. The lower and the
    /// upper halves of these sums are added apart, because 1,024 squares do not fit 32 bits.
    #[inline]
    fn add_squares16([low, high]: [Self; 2], values: Self) -> [Self; 2] {
        let pairs = i32x4_dot_i16x8(values.0, values.0);
        [
            Self(i32x4_add(low.0, v128_and(pairs, i32x4_splat(0xFFFF)))),
            Self(i32x4_add(high.0, u32x4_shr(pairs, 16))),
        ]
    }

    #[inline]
    fn total_squares([low, high]: [Self; 2]) -> i64 {
        i64::from(low.total32()) + (i64::from(high.total32()) << 16)
    }

    type Requant = Requant;

    #[inline]
    fn requant(mult: [i32; 4], shift: [u8; 4]) -> Requant {
        let [a, b, c, d] = shift;
        let power = |shift: u8| 1i32 << (62 - shift);
        Requant {
            mult: Self::load32(&mult).0,
            half: [i64x2(half(a), half(b)), i64x2(half(c), half(d))],
            power: i32x4(power(a), power(b), power(c), power(d)),
        }
    }

    /// The upper word of the first sum is below `2^31` in magnitude. Its product with the power, shifted left by
    /// two, is below `2^63`, and has the shifted word as its upper word.
    #[inline]
    fn rescale(self, requant: &Requant) -> Self {
        let lower = i64x2_extmul_low_i32x4(self.0, requant.mult);
        let upper = i64x2_extmul_high_i32x4(self.0, requant.mult);
        let [half0, half1] = requant.half;
        let word = upper_words(i64x2_add(lower, half0), i64x2_add(upper, half1));
        let lower = i64x2_extmul_low_i32x4(word, requant.power);
        let upper = i64x2_extmul_high_i32x4(word, requant.power);
        Self(upper_words(i64x2_shl(lower, 2), i64x2_shl(upper, 2)))
    }

    #[inline]
    fn octaves(self, other: Self, limit: Self, mult: Self) -> Self {
        let distance = u32x4_min(i32x4_sub(self.0, other.0), limit.0);
        Self(u32x4_shr(i32x4_mul(distance, mult.0), 17))
    }

    #[inline]
    fn exp2_neg(self) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "a constant far below 2^15")]
        const MAX: i16 = MAX_ATTENTION_OCTAVES as i16;
        let set = i16x8_splat;
        let octaves = i16x8_min(self.0, set(MAX));
        let f = i16x8_shl(v128_and(octaves, set(2047)), 4);
        let p = i16x8_add(set(7_592), i16x8_q15mulr_sat(set(-1_327), f));
        let p = i16x8_add(set(-22_588), i16x8_q15mulr_sat(p, f));
        let p = i16x8_add(set(32_640), i16x8_q15mulr_sat(p, f));
        // `256 >> n`. For `n ≥ 1` it is a byte, which is looked up. The upper byte of `n` is 0 and gives 0.
        let n = u16x8_shr(octaves, 11);
        let powers = i8x16(0, -128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0);
        let none = v128_and(i16x8_eq(n, set(0)), set(256));
        let power = v128_or(i8x16_swizzle(powers, n), none);
        Self(i16x8_q15mulr_sat(p, power))
    }

    /// Pairs of two rows, the lower and then the upper channels.
    #[inline]
    fn column([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let ([ab, ab2], [cd, cd2]) = (a.zip16(b), c.zip16(d));
        [ab, ab2, cd, cd2]
    }

    #[inline]
    fn add_column([lower, upper]: [Self; 2], x: &[Self; 4], w: &[Self; 4]) -> [Self; 2] {
        let [x0, x1, x2, x3] = x.map(|x| x.0);
        let [w0, w1, w2, w3] = w.map(|w| w.0);
        let add = |sum: Self, first, second| Self(i32x4_add(sum.0, i32x4_add(first, second)));
        [
            add(lower, i32x4_dot_i16x8(x0, w0), i32x4_dot_i16x8(x2, w2)),
            add(upper, i32x4_dot_i16x8(x1, w1), i32x4_dot_i16x8(x3, w3)),
        ]
    }

    /// Byte by byte: sixteen look-ups in parts of the table take as long.
    #[inline]
    fn look_up(table: &[i8; 256], values: &mut [i8]) {
        for value in values {
            // Every u8 is a valid index of 256 entries.
            *value = table.get(usize::from(value.cast_unsigned())).copied().unwrap_or(0);
        }
    }
}
