//! What the AVX-512 kernels share: masked loads and stores, packing to bytes, look-ups.

use core::arch::x86_64::*;

/// 32-bit lanes of a vector.
pub(super) const LANES: usize = 16;
/// Halves of a vector.
pub(super) const HALVES: usize = 2 * LANES;
/// Bytes of a vector.
pub(super) const BYTES: usize = 64;

/// Four bytes for each of sixteen lanes; aligned, so that no load crosses a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Group(pub(super) [u8; BYTES]);

// SAFETY: 64 bytes, which may all be zero.
unsafe impl bytemuck::Zeroable for Group {}
// SAFETY: 64 bytes of any value, aligned to their number, so that there is no padding.
unsafe impl bytemuck::Pod for Group {}

impl Group {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn load(&self) -> __m512i {
        // SAFETY: a group has 64 bytes.
        unsafe { _mm512_loadu_epi8(self.0.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn store(&mut self, values: __m512i) {
        // SAFETY: a group has 64 bytes.
        unsafe { _mm512_storeu_epi8(self.0.as_mut_ptr().cast(), values) };
    }
}

/// One bit for each of the first `len` of sixteen lanes.
#[inline]
pub(super) const fn lanes(len: usize) -> u16 {
    if len >= LANES { u16::MAX } else { (1 << len) - 1 }
}

/// One bit for each of the first `len` of 64 bytes.
#[inline]
pub(super) const fn byte_lanes(len: usize) -> u64 {
    if len >= BYTES { u64::MAX } else { (1 << len) - 1 }
}

/// One bit for each of the first `len` of 32 halves.
#[inline]
const fn half_lanes(len: usize) -> u32 {
    if len >= HALVES { u32::MAX } else { (1 << len) - 1 }
}

/// Up to 64 bytes, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn load_bytes(values: &[i8]) -> __m512i {
    if let Some(all) = values.first_chunk::<BYTES>() {
        // SAFETY: there are 64 bytes.
        return unsafe { _mm512_loadu_epi8(all.as_ptr()) };
    }
    // SAFETY: the mask has one bit for each value.
    unsafe { _mm512_maskz_loadu_epi8(byte_lanes(values.len()), values.as_ptr()) }
}

/// Stores the first values of a vector, as many as `out` has, at most 64.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn store_bytes(values: __m512i, out: &mut [i8]) {
    if let Some(all) = out.first_chunk_mut::<BYTES>() {
        // SAFETY: there are 64 places.
        unsafe { _mm512_storeu_epi8(all.as_mut_ptr(), values) };
        return;
    }
    // SAFETY: the mask has one bit for each place.
    unsafe { _mm512_mask_storeu_epi8(out.as_mut_ptr(), byte_lanes(out.len()), values) };
}

/// Up to sixteen bytes, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn load_sixteen(values: &[i8]) -> __m128i {
    if let Some(all) = values.first_chunk::<LANES>() {
        // SAFETY: there are sixteen bytes.
        return unsafe { _mm_loadu_epi8(all.as_ptr()) };
    }
    // SAFETY: the mask has one bit for each value.
    unsafe { _mm_maskz_loadu_epi8(lanes(values.len()), values.as_ptr()) }
}

/// Sixteen bytes of each of sixteen rows: four vectors, each with four bytes of every row.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn fours(row: impl Fn(usize) -> __m128i) -> [__m512i; 4] {
    transpose_quarters(sixteen_rows::<4, 1>(row))
}

/// [`fours`] of rows of which each begins `stride` after the one before; `None` where the values end
/// earlier.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn strided(values: &[i8], start: usize, stride: usize) -> Option<[__m512i; 4]> {
    load_rows::<4, 1>(values, start, stride).map(|rows| transpose_quarters(rows))
}

/// Sixteen bytes of each of sixteen rows: quarter `q` of vector `v` is row `Q · q + V · v`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn sixteen_rows<const Q: usize, const V: usize>(
    row: impl Fn(usize) -> __m128i,
) -> [__m512i; 4] {
    let vector = |first: usize| {
        let all = _mm512_castsi128_si512(row(first));
        let all = _mm512_inserti32x4::<1>(all, row(first + Q));
        let all = _mm512_inserti32x4::<2>(all, row(first + 2 * Q));
        _mm512_inserti32x4::<3>(all, row(first + 3 * Q))
    };
    [vector(0), vector(V), vector(2 * V), vector(3 * V)]
}

/// [`sixteen_rows`] of which each begins `stride` after the one before; `None` where the values end earlier.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn load_rows<const Q: usize, const V: usize>(
    values: &[i8],
    start: usize,
    stride: usize,
) -> Option<[__m512i; 4]> {
    let all = values.get(start..)?.get(..(LANES - 1) * stride + LANES)?;
    let first = all.as_ptr();
    // SAFETY: `all` has sixteen bytes at each of sixteen rows.
    Some(sixteen_rows::<Q, V>(|row| unsafe { _mm_loadu_epi8(first.wrapping_add(row * stride)) }))
}

/// Stores sixteen rows of sixteen bytes, of which each begins `stride` after the one before: quarter `q` of
/// vector `v` is row `4 · q + v`. Returns `false`, and stores nothing, if there are fewer places.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn store_rows(rows: [__m512i; 4], out: &mut [i8], start: usize, stride: usize) -> bool {
    let all = out.get_mut(start..).and_then(|out| out.get_mut(..(LANES - 1) * stride + LANES));
    let Some(all) = all else { return false };
    let first = all.as_mut_ptr();
    let store = |row: usize, bytes| {
        // SAFETY: `all` has sixteen places at each of sixteen rows.
        unsafe { _mm_storeu_epi8(first.wrapping_add(row * stride), bytes) }
    };
    for (row, vector) in rows.into_iter().enumerate() {
        store(row, _mm512_castsi512_si128(vector));
        store(row + 4, _mm512_extracti32x4_epi32::<1>(vector));
        store(row + 8, _mm512_extracti32x4_epi32::<2>(vector));
        store(row + 12, _mm512_extracti32x4_epi32::<3>(vector));
    }
    true
}

/// In each quarter of four vectors, lane `i` of vector `j` becomes lane `j` of vector `i`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn transpose_quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab_low, cd_low),
        _mm512_unpackhi_epi64(ab_low, cd_low),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// Up to 32 i16, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn load_halves(values: &[i16]) -> __m512i {
    if let Some(all) = values.first_chunk::<HALVES>() {
        // SAFETY: there are 32 halves.
        return unsafe { _mm512_loadu_epi16(all.as_ptr()) };
    }
    // SAFETY: the mask has one bit for each value.
    unsafe { _mm512_maskz_loadu_epi16(half_lanes(values.len()), values.as_ptr()) }
}

/// Up to 32 little-endian i16, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn load_half_words(halves: &[[u8; 2]]) -> __m512i {
    // SAFETY: the mask has one bit for each half.
    unsafe { _mm512_maskz_loadu_epi16(half_lanes(halves.len()), halves.as_ptr().cast()) }
}

/// Stores the first halves of a vector, as many as `out` has, at most 32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn store_halves(values: __m512i, out: &mut [i16]) {
    if let Some(all) = out.first_chunk_mut::<HALVES>() {
        // SAFETY: there are 32 places.
        unsafe { _mm512_storeu_epi16(all.as_mut_ptr(), values) };
        return;
    }
    // SAFETY: the mask has one bit for each place.
    unsafe { _mm512_mask_storeu_epi16(out.as_mut_ptr(), half_lanes(out.len()), values) };
}

/// Up to sixteen little-endian i32, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_words(words: &[[u8; 4]]) -> __m512i {
    // SAFETY: the mask has one bit for each word.
    unsafe { _mm512_maskz_loadu_epi32(lanes(words.len()), words.as_ptr().cast()) }
}

/// Up to sixteen i8 as i32, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn widen_bytes(values: &[i8]) -> __m512i {
    _mm512_cvtepi8_epi32(load_sixteen(values))
}

/// The first sixteen i16 as i32, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn widen_halves(values: &[i16]) -> __m512i {
    if let Some(all) = values.first_chunk::<LANES>() {
        // SAFETY: there are sixteen halves.
        return _mm512_cvtepi16_epi32(unsafe { _mm256_loadu_epi16(all.as_ptr()) });
    }
    // SAFETY: the mask has one bit for each value.
    let halves = unsafe { _mm256_maskz_loadu_epi16(lanes(values.len()), values.as_ptr()) };
    _mm512_cvtepi16_epi32(halves)
}

/// Sixteen i32 as two vectors of i64.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn halves(all: __m512i) -> [__m512i; 2] {
    let upper = _mm512_extracti64x4_epi64::<1>(all);
    [_mm512_cvtepi32_epi64(_mm512_castsi512_si256(all)), _mm512_cvtepi32_epi64(upper)]
}

/// The lower halves of sixteen i64 in two vectors.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn narrow([lower, upper]: [__m512i; 2]) -> __m512i {
    let lower = _mm512_castsi256_si512(_mm512_cvtepi64_epi32(lower));
    _mm512_inserti64x4::<1>(lower, _mm512_cvtepi64_epi32(upper))
}

/// Quarter `l` of vector `i` becomes quarter `i` of vector `l`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn exchange_quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab_low, ab_high) =
        (_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xEE>(a, b));
    let (cd_low, cd_high) =
        (_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xEE>(c, d));
    [
        _mm512_shuffle_i32x4::<0x88>(ab_low, cd_low),
        _mm512_shuffle_i32x4::<0xDD>(ab_low, cd_low),
        _mm512_shuffle_i32x4::<0x88>(ab_high, cd_high),
        _mm512_shuffle_i32x4::<0xDD>(ab_high, cd_high),
    ]
}

/// `sat8(zero_point + value)` of four vectors, in the order in which 128-bit lanes pack: lane `l` of the
/// result holds lane `l` of each vector. The saturation to i16 in between changes no result, since a value
/// that saturates there also saturates to i8.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn pack_lanes(values: [__m512i; 4], zero_point: i8) -> __m512i {
    let [a, b, c, d] = values;
    let zero_point = _mm512_set1_epi16(zero_point.into());
    let low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), zero_point);
    let high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero_point);
    _mm512_packs_epi16(low, high)
}

/// [`pack_lanes`] in the order of the vectors.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn pack(values: [__m512i; 4], zero_point: i8) -> __m512i {
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_permutexvar_epi32(order, pack_lanes(values, zero_point))
}

/// [`pack`] of the even values of 32, their odd ones, and the same of the next 32, in the order of the values.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn pack_pairs([a, b, c, d]: [__m512i; 4], zero_point: i8) -> __m512i {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        reason = "places and bytes are below 64, and the compiler computes the constant"
    )]
    const ORDER: Group = {
        let mut order = [0; BYTES];
        let mut at = 0;
        while at < BYTES {
            let (vector, pair) = (at / HALVES, at % HALVES / 2);
            order[at] = (pair / 4 * LANES + 8 * (at % 2) + 4 * vector + pair % 4) as u8;
            at += 1;
        }
        Group(order)
    };
    _mm512_permutexvar_epi8(ORDER.load(), pack_lanes([a, c, b, d], zero_point))
}

/// In each quarter, byte `i` of lane `j` becomes byte `j` of lane `i`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn transpose_bytes(values: __m512i) -> __m512i {
    let order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_shuffle_epi8(values, _mm512_broadcast_i32x4(order))
}

/// Byte `i` of quarter `j` becomes byte `j` of lane `i`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn transpose_rows(values: __m512i) -> __m512i {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        reason = "places and bytes are below 64, and the compiler computes the constant"
    )]
    const ORDER: Group = {
        let mut order = [0; BYTES];
        let mut at = 0;
        while at < BYTES {
            order[at] = (at / 4 + at % 4 * LANES) as u8;
            at += 1;
        }
        Group(order)
    };
    _mm512_permutexvar_epi8(ORDER.load(), values)
}

/// A table of 256 bytes in four registers.
#[derive(Clone, Copy)]
pub(super) struct Table([__m512i; 4]);

impl Table {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(table: &[i8; 256]) -> Self {
        let quarters: &[[i8; BYTES]; 4] = bytemuck::cast_ref(table);
        // SAFETY: a quarter has 64 bytes.
        Self(quarters.each_ref().map(|quarter| unsafe { _mm512_loadu_epi8(quarter.as_ptr()) }))
    }

    /// Replaces each byte by the table's entry for its bits.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn look_up(&self, index: __m512i) -> __m512i {
        let [first, second, third, fourth] = self.0;
        // Seven bits choose among two quarters, the eighth between the pairs.
        let low = _mm512_permutex2var_epi8(first, index, second);
        let high = _mm512_permutex2var_epi8(third, index, fourth);
        _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high)
    }
}
