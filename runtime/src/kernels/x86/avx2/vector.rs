//! Functions that the kernels share: loads and stores of a few values, packing to bytes, look-ups.

use core::arch::x86_64::*;

/// 32-bit lanes of a vector.
pub(super) const LANES: usize = 8;
/// Bytes of a vector.
pub(super) const BYTES: usize = 32;
/// Channels of two vectors, which are stored together.
///
/// The first vector has channels 0 to 3 and 8 to 11, the second the others. In this order, packing within
/// halves of a vector gives neighbouring channels.
pub(super) const CHANNELS: usize = 16;

/// Two i16 for each of eight lanes, or an i32.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub(super) struct Pairs(pub(super) [[i16; 2]; LANES]);

impl Pairs {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn load(&self) -> __m256i {
        // SAFETY: there are 32 bytes.
        unsafe { _mm256_loadu_si256(self.0.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn store(&mut self, values: __m256i) {
        // SAFETY: there are 32 bytes.
        unsafe { _mm256_storeu_si256(self.0.as_mut_ptr().cast(), values) };
    }
}

/// Sixteen bytes, zeros beyond the last.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_sixteen(values: &[i8]) -> __m128i {
    if let Some(all) = values.first_chunk::<16>() {
        // SAFETY: there are sixteen bytes.
        return unsafe { _mm_loadu_si128(all.as_ptr().cast()) };
    }
    let mut all = [0; 16];
    for (to, from) in all.iter_mut().zip(values) {
        *to = *from;
    }
    // SAFETY: there are sixteen bytes.
    unsafe { _mm_loadu_si128(all.as_ptr().cast()) }
}

/// Eight bytes, zeros beyond the last.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_eight(values: &[i8]) -> __m128i {
    if let Some(all) = values.first_chunk::<8>() {
        // SAFETY: there are eight bytes.
        return unsafe { _mm_loadl_epi64(all.as_ptr().cast()) };
    }
    load_sixteen(values)
}

/// Stores the first bytes, as many as `out` has, at most sixteen.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_sixteen(values: __m128i, out: &mut [i8]) {
    if let Some(all) = out.first_chunk_mut::<16>() {
        // SAFETY: there are sixteen places.
        return unsafe { _mm_storeu_si128(all.as_mut_ptr().cast(), values) };
    }
    let mut all = [0i8; 16];
    // SAFETY: there are sixteen places.
    unsafe { _mm_storeu_si128(all.as_mut_ptr().cast(), values) };
    for (to, from) in out.iter_mut().zip(all) {
        *to = from;
    }
}

/// Sixteen i16, zeros beyond the last.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_halves(values: &[i16]) -> __m256i {
    if let Some(all) = values.first_chunk::<16>() {
        // SAFETY: there are sixteen halves.
        return unsafe { _mm256_loadu_si256(all.as_ptr().cast()) };
    }
    let mut all = [0; 16];
    for (to, from) in all.iter_mut().zip(values) {
        *to = *from;
    }
    // SAFETY: there are sixteen halves.
    unsafe { _mm256_loadu_si256(all.as_ptr().cast()) }
}

/// Stores the first halves, as many as `out` has, at most sixteen.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_halves(values: __m256i, out: &mut [i16]) {
    if let Some(all) = out.first_chunk_mut::<16>() {
        // SAFETY: there are sixteen places.
        return unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), values) };
    }
    let mut all = [0i16; 16];
    // SAFETY: there are sixteen places.
    unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), values) };
    for (to, from) in out.iter_mut().zip(all) {
        *to = from;
    }
}

/// The i32 of sixteen channels as two vectors, in the order of [`CHANNELS`]; zeros beyond the last.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn channel_words(words: &[[u8; 4]]) -> [__m256i; 2] {
    let mut all = [[0; 4]; CHANNELS];
    for (to, from) in all.iter_mut().zip(words) {
        *to = *from;
    }
    let (lower, upper) = all.split_at(LANES);
    // SAFETY: there are eight words.
    let lower = unsafe { _mm256_loadu_si256(lower.as_ptr().cast()) };
    // SAFETY: as above.
    let upper = unsafe { _mm256_loadu_si256(upper.as_ptr().cast()) };
    by_channels(lower, upper)
}

/// Two vectors of eight channels in the order of [`CHANNELS`].
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn by_channels(lower: __m256i, upper: __m256i) -> [__m256i; 2] {
    [
        _mm256_permute2x128_si256::<0x20>(lower, upper),
        _mm256_permute2x128_si256::<0x31>(lower, upper),
    ]
}

/// Sixteen i16 of neighbouring channels as i32, in the order of [`CHANNELS`].
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn widen(halves: __m256i) -> [__m256i; 2] {
    [
        _mm256_srai_epi32::<16>(_mm256_unpacklo_epi16(halves, halves)),
        _mm256_srai_epi32::<16>(_mm256_unpackhi_epi16(halves, halves)),
    ]
}

/// `sat8(zero_point + value)` of sixteen channels. The saturation to i16 in between changes no result,
/// because a value that saturates there also saturates to i8.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn pack([first, second]: [__m256i; 2], zero_point: i8) -> __m128i {
    let all = _mm256_packs_epi32(first, second);
    let all = _mm256_adds_epi16(all, _mm256_set1_epi16(zero_point.into()));
    _mm_packs_epi16(_mm256_castsi256_si128(all), _mm256_extracti128_si256::<1>(all))
}

/// A table of 256 bytes, in parts of sixteen bytes. Each vector has one part twice.
pub(super) struct Table([__m256i; 16]);

impl Table {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn new(table: &[i8; 256]) -> Self {
        let parts: &[[i8; 16]; 16] = bytemuck::cast_ref(table);
        // SAFETY: a part has sixteen bytes.
        let load = |part: &[i8; 16]| unsafe { _mm_loadu_si128(part.as_ptr().cast()) };
        Self(parts.each_ref().map(|part| _mm256_broadcastsi128_si256(load(part))))
    }

    /// Replaces each value by the table's entry for its bits.
    #[target_feature(enable = "avx2")]
    pub(super) fn replace(&self, values: &mut [i8]) {
        let (whole, rest) = values.as_chunks_mut::<BYTES>();
        for values in whole {
            self.replace_all(values);
        }
        if !rest.is_empty() {
            let mut all = [0; BYTES];
            for (to, from) in all.iter_mut().zip(&*rest) {
                *to = *from;
            }
            self.replace_all(&mut all);
            for (to, from) in rest.iter_mut().zip(all) {
                *to = from;
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn replace_all(&self, values: &mut [i8; BYTES]) {
        // SAFETY: there are 32 bytes.
        let index = unsafe { _mm256_loadu_si256(values.as_ptr().cast()) };
        let found = self.look_up(index);
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(values.as_mut_ptr().cast(), found) };
    }

    /// Four bits choose within a part. Each of the other bits halves the number of parts, the fifth first.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn look_up(&self, index: __m256i) -> __m256i {
        let low = _mm256_and_si256(index, _mm256_set1_epi8(15));
        let of = |part: __m256i| _mm256_shuffle_epi8(part, low);
        // `vpblendvb` reads the highest bit of each byte.
        let (fifth, sixth) = (_mm256_slli_epi16::<3>(index), _mm256_slli_epi16::<2>(index));
        let seventh = _mm256_slli_epi16::<1>(index);
        let four = |[a, b, c, d]: [__m256i; 4]| {
            let ab = _mm256_blendv_epi8(of(a), of(b), fifth);
            let cd = _mm256_blendv_epi8(of(c), of(d), fifth);
            _mm256_blendv_epi8(ab, cd, sixth)
        };
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.0;
        let lower = _mm256_blendv_epi8(four([a, b, c, d]), four([e, f, g, h]), seventh);
        let upper = _mm256_blendv_epi8(four([i, j, k, l]), four([m, n, o, p]), seventh);
        _mm256_blendv_epi8(lower, upper, index)
    }
}
