//! Requants of sixteen channels or rows.

use super::vector::{LANES, exchange_quarters, lanes, load_words};
use crate::fixed::Requant;
use crate::kernels::operand::Linear;
use core::arch::x86_64::*;

/// `(acc · mult + 2^(shift − 1)) >> shift` of sixteen lanes, `32 ≤ shift ≤ 62`. The upper halves of the
/// products of even and of odd lanes are merged into one vector. This is exact for shifts of 33 and more,
/// because the rounding term has no bit in the lower half.
#[derive(Clone, Copy)]
pub(super) struct Requants {
    mult: [__m512i; 2],
    half: __m512i,
    shift: __m512i,
    /// Lanes with a shift of 32. To round them, the highest bit of the lower half is added to the upper
    /// half.
    carry: u16,
}

impl Requants {
    /// Requants of up to sixteen channels of a layer from `first` on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub(super) fn of_channels(layer: &Linear<'_>, first: usize) -> Self {
        let (_, mult, shift) = Self::parameters(layer, first);
        Self::new(mult, shift)
    }

    /// Biases of up to sixteen channels of a layer from `first` on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub(super) fn bias(layer: &Linear<'_>, first: usize) -> __m512i {
        load_words(layer.stored(first, LANES).0)
    }

    /// Requants of up to 64 channels from `first` on, with their biases, in the order of
    /// [`pack_lanes`](super::vector::pack_lanes): quarter `l` of vector `i` is for channels `16 · l + 4 · i …`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub(super) fn of_lanes(layer: &Linear<'_>, first: usize) -> [(__m512i, Self); 4] {
        let all = [0, 1, 2, 3].map(|vector| Self::parameters(layer, first + vector * LANES));
        let bias = exchange_quarters(all.map(|(bias, _, _)| bias));
        let mult = exchange_quarters(all.map(|(_, mult, _)| mult));
        let shift = exchange_quarters(all.map(|(_, _, shift)| shift));
        let ([b0, b1, b2, b3], [m0, m1, m2, m3], [s0, s1, s2, s3]) = (bias, mult, shift);
        [
            (b0, Self::new(m0, s0)),
            (b1, Self::new(m1, s1)),
            (b2, Self::new(m2, s2)),
            (b3, Self::new(m3, s3)),
        ]
    }

    /// Bias, multiplier and shift of up to sixteen channels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn parameters(layer: &Linear<'_>, first: usize) -> (__m512i, __m512i, __m512i) {
        let (bias, mult, shift) = layer.stored(first, LANES);
        // SAFETY: the mask has one bit for each shift.
        let shift = unsafe { _mm_maskz_loadu_epi8(lanes(shift.len()), shift.as_ptr().cast()) };
        let mult = _mm512_max_epi32(load_words(mult), _mm512_set1_epi32(Requant::MIN_MULT));
        (load_words(bias), mult, _mm512_cvtepu8_epi32(shift))
    }

    /// One multiplier for each lane, and one shift for all of them.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn uniform(mult: __m512i, shift: u8) -> Self {
        Self::new(mult, _mm512_set1_epi32(shift.into()))
    }

    /// A shift out of range is replaced by the nearest valid one, as in the scalar set.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(mult: __m512i, shift: __m512i) -> Self {
        let set = |value: u8| _mm512_set1_epi32(value.into());
        let shift = _mm512_min_epi32(_mm512_max_epi32(shift, set(32)), set(62));
        let shift = _mm512_sub_epi32(shift, set(32));
        Self {
            mult: [mult, _mm512_srli_epi64::<32>(mult)],
            half: _mm512_srli_epi32::<1>(_mm512_sllv_epi32(set(1), shift)),
            shift,
            carry: _mm512_testn_epi32_mask(shift, shift),
        }
    }

    /// Whether a lane has a shift of 32.
    #[inline]
    pub(super) const fn carries(&self) -> bool {
        self.carry != 0
    }

    /// The multipliers need not be loaded in the loop that calls this.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn apply(&self, acc: __m512i) -> __m512i {
        let (even, odd) = self.products(acc);
        let upper = Self::upper(even, odd);
        if !self.carries() {
            return self.round(upper);
        }
        let lower = _mm512_mask_shuffle_epi32::<0xA0>(even, 0xAAAA, odd);
        let bit = _mm512_srli_epi32::<31>(lower);
        self.round(_mm512_mask_add_epi32(upper, self.carry, upper, bit))
    }

    /// [`Self::apply`] to each vector.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn apply_each<const N: usize>(&self, acc: [__m512i; N]) -> [__m512i; N] {
        if self.carries() {
            return acc.map(|acc| self.apply(acc));
        }
        acc.map(|acc| {
            let (even, odd) = self.products(acc);
            self.round(Self::upper(even, odd))
        })
    }

    /// Products of even and of odd lanes.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn products(&self, acc: __m512i) -> (__m512i, __m512i) {
        let [even, odd] = self.mult;
        (multiply(acc, even), multiply(_mm512_srli_epi64::<32>(acc), odd))
    }

    /// [`Self::apply`] where no lane [`carries`](Self::carries), with multipliers from memory.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn apply_without_carry(&self, acc: __m512i) -> __m512i {
        let [even, odd] = self.mult;
        let odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(acc), odd);
        self.round(Self::upper(_mm512_mul_epi32(acc, even), odd))
    }

    /// The upper halves of the products of even and of odd lanes.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn upper(even: __m512i, odd: __m512i) -> __m512i {
        _mm512_mask_shuffle_epi32::<0xF5>(odd, 0x5555, even)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn round(&self, upper: __m512i) -> __m512i {
        _mm512_srav_epi32(_mm512_add_epi32(upper, self.half), self.shift)
    }
}

/// The products of the even lanes.
///
/// `_mm512_mul_epi32` would have the same result. But compilers move its sign extension of a multiplier
/// out of a loop, do not find it any more, and then compute a product of 64 bits in eight instructions.
#[inline]
#[target_feature(enable = "avx512f")]
fn multiply(a: __m512i, b: __m512i) -> __m512i {
    let product;
    // SAFETY: the instruction is in AVX-512 F, and only writes the register of its result.
    unsafe {
        core::arch::asm!(
            "vpmuldq {product}, {a}, {b}",
            product = lateout(zmm_reg) product,
            a = in(zmm_reg) a,
            b = in(zmm_reg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    product
}

/// Whether no channel [`carries`](Requants::carries). Such a channel occurs only in layers of a few inputs,
/// whose sums are hardly larger than the stored values.
pub(super) fn no_carry(layer: &Linear<'_>) -> bool {
    let (_, _, shifts) = layer.stored(0, layer.outputs());
    shifts.iter().fold(u8::MAX, |min, &shift| min.min(shift)) > Requant::MIN_SHIFT
}
