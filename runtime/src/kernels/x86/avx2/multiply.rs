//! The product of four bytes of an input row with four bytes of each of eight channels. The sets of this folder
//! differ in the instruction for it.

use super::vector::load_sixteen;
use core::arch::asm;
use core::arch::x86_64::*;

/// Inputs that are converted or transposed together.
pub(super) const COLUMN: usize = 16;

/// How a set multiplies. Inputs and weights are in groups of four bytes.
pub(super) trait Multiply {
    /// Bytes of an input or a weight, 1 or 2.
    const BYTES: usize;
    /// The weights of eight channels over [`COLUMN`] inputs: a vector for each group.
    type Column: AsRef<[__m256i]>;

    /// Converts sixteen inputs and writes them to `16 · BYTES` bytes.
    ///
    /// # Safety
    /// The processor must have AVX2, and all of these bytes must be writable.
    unsafe fn convert(x: __m128i, out: *mut u8);

    /// Reorders the weights of eight channels, one row for each, by groups.
    ///
    /// # Safety
    /// The processor must have AVX2.
    unsafe fn transpose(rows: [__m128i; 8]) -> Self::Column;

    /// `acc + Σ x · w` of each lane, modulo `2^32`, for a converted group of inputs and a group of weights.
    ///
    /// # Safety
    /// The processor must have AVX2 and the instruction of this set.
    unsafe fn multiply(acc: __m256i, x: __m256i, w: __m256i) -> __m256i;

    /// Adds to `acc` the amount by which the conversion of the inputs increases the sum for weights `w`.
    ///
    /// # Safety
    /// As [`Self::multiply`].
    unsafe fn excess(acc: __m256i, w: __m256i) -> __m256i;
}

/// `vpmaddwd` on two values of i16. Two products of at most `2^14` cannot overflow.
pub(super) struct Vpmaddwd;

impl Multiply for Vpmaddwd {
    const BYTES: usize = 2;
    type Column = [__m256i; 8];

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn convert(x: __m128i, out: *mut u8) {
        let x = _mm256_cvtepi8_epi16(x);
        // SAFETY: the caller gives 32 bytes.
        unsafe { _mm256_storeu_si256(out.cast(), x) };
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn transpose([a, b, c, d, e, f, g, h]: [__m128i; 8]) -> [__m256i; 8] {
        let (ab, cd) = (_mm_unpacklo_epi16(a, b), _mm_unpacklo_epi16(c, d));
        let (ef, gh) = (_mm_unpacklo_epi16(e, f), _mm_unpacklo_epi16(g, h));
        let (ab2, cd2) = (_mm_unpackhi_epi16(a, b), _mm_unpackhi_epi16(c, d));
        let (ef2, gh2) = (_mm_unpackhi_epi16(e, f), _mm_unpackhi_epi16(g, h));
        let four = |ab, cd, ef, gh| {
            let (low, high) = (_mm_unpacklo_epi32(ab, cd), _mm_unpackhi_epi32(ab, cd));
            let (low2, high2) = (_mm_unpacklo_epi32(ef, gh), _mm_unpackhi_epi32(ef, gh));
            [
                _mm256_cvtepi8_epi16(_mm_unpacklo_epi64(low, low2)),
                _mm256_cvtepi8_epi16(_mm_unpackhi_epi64(low, low2)),
                _mm256_cvtepi8_epi16(_mm_unpacklo_epi64(high, high2)),
                _mm256_cvtepi8_epi16(_mm_unpackhi_epi64(high, high2)),
            ]
        };
        let ([p, q, r, s], [t, u, v, w]) = (four(ab, cd, ef, gh), four(ab2, cd2, ef2, gh2));
        [p, q, r, s, t, u, v, w]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn multiply(acc: __m256i, x: __m256i, w: __m256i) -> __m256i {
        _mm256_add_epi32(acc, _mm256_madd_epi16(x, w))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn excess(acc: __m256i, _: __m256i) -> __m256i {
        acc
    }
}

/// Writes `inputs` converted, and zeros up to a multiple of [`COLUMN`] inputs.
///
/// # Safety
/// The processor must have AVX2, and `out` must have `BYTES` writable bytes for each of these inputs and zeros.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn convert<M: Multiply>(inputs: &[i8], out: *mut u8) {
    for (column, x) in inputs.chunks(COLUMN).enumerate() {
        let (x, place) = (load_sixteen(x), out.wrapping_add(column * COLUMN * M::BYTES));
        // SAFETY: the caller gives memory for whole columns.
        unsafe { M::convert(x, place) };
    }
}

/// `vpdpbusd` on four values of i8. Inputs are its unsigned operand, as `x + 128`. The instruction wraps
/// modulo `2^32` and the true sum fits, so the result is exact.
///
/// `EVEX` chooses between the two encodings of the instruction: a processor can have one without the other.
/// It is assembly, because the compiler's functions for the encodings have different target features, and code
/// that is generic over both could not be inlined.
pub(super) struct Vpdpbusd<const EVEX: bool>;

impl<const EVEX: bool> Multiply for Vpdpbusd<EVEX> {
    const BYTES: usize = 1;
    type Column = [__m256i; 4];

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn convert(x: __m128i, out: *mut u8) {
        let x = _mm_xor_si128(x, _mm_set1_epi8(i8::MIN));
        // SAFETY: the caller gives sixteen bytes.
        unsafe { _mm_storeu_si128(out.cast(), x) };
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn transpose([a, b, c, d, e, f, g, h]: [__m128i; 8]) -> [__m256i; 4] {
        let (ae, bf) = (_mm256_set_m128i(e, a), _mm256_set_m128i(f, b));
        let (cg, dh) = (_mm256_set_m128i(g, c), _mm256_set_m128i(h, d));
        let (ab, ab2) = (_mm256_unpacklo_epi32(ae, bf), _mm256_unpackhi_epi32(ae, bf));
        let (cd, cd2) = (_mm256_unpacklo_epi32(cg, dh), _mm256_unpackhi_epi32(cg, dh));
        [
            _mm256_unpacklo_epi64(ab, cd),
            _mm256_unpackhi_epi64(ab, cd),
            _mm256_unpacklo_epi64(ab2, cd2),
            _mm256_unpackhi_epi64(ab2, cd2),
        ]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn multiply(mut acc: __m256i, x: __m256i, w: __m256i) -> __m256i {
        if EVEX {
            // SAFETY: the caller promises that the processor has the instruction.
            unsafe {
                asm!("{{evex}} vpdpbusd {}, {}, {}", inout(ymm_reg) acc, in(ymm_reg) x, in(ymm_reg) w,
                    options(pure, nomem, nostack, preserves_flags));
            }
        } else {
            // SAFETY: as above.
            unsafe {
                asm!("{{vex}} vpdpbusd {}, {}, {}", inout(ymm_reg) acc, in(ymm_reg) x, in(ymm_reg) w,
                    options(pure, nomem, nostack, preserves_flags));
            }
        }
        acc
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn excess(acc: __m256i, w: __m256i) -> __m256i {
        let offset = _mm256_set1_epi8(i8::MIN);
        // SAFETY: the caller's promise is that of `multiply`.
        unsafe { Self::multiply(acc, offset, w) }
    }
}
