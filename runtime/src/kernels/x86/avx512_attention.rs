//! Attention on AVX-512: sixteen keys, or sixteen values of a token, a vector.
//!
//! Keys are packed as a layer's weights are, so that scores come out sixteen at a time; values are
//! packed by channel, with the u8 exponentials as the unsigned side of `vpdpbusd`.

use super::super::{Attention, generic};
use super::avx512_vnni::{lanes, load, read_four, tile_product};
use super::panel::CHANNELS;
use crate::config::MAX_HEAD_DIM;
use crate::fixed::MAX_ATTENTION_OCTAVES;
use crate::rows::{part, part_mut, rows, rows_mut};
use core::arch::x86_64::*;

/// Most tokens whose keys and values are packed on the stack; longer sequences take the generic
/// kernel.
const MAX_PACKED: usize = 256;
/// Four inputs of sixteen channels.
type Group = [u8; 4 * CHANNELS];

/// Same contract as [`scalar::attention_i8`](crate::kernels::scalar::attention_i8).
pub(super) fn attention_i8(qkv: &[i8], attention: &Attention, scores: &mut [i32], out: &mut [i8]) {
    let tokens = scores.len();
    if tokens == 0 || tokens > MAX_PACKED || !(1..=MAX_HEAD_DIM).contains(&attention.head_dim) {
        return generic::attention_i8(qkv, attention, scores, out);
    }
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    unsafe { heads(qkv, attention, tokens, out) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn heads(qkv: &[i8], attention: &Attention, tokens: usize, out: &mut [i8]) {
    let head_dim = attention.head_dim;
    let width = attention.heads * head_dim;
    let mut packed = Packed {
        keys: [[128; 4 * CHANNELS]; MAX_PACKED * MAX_HEAD_DIM / (4 * CHANNELS)],
        values: [[0; 4 * CHANNELS]; MAX_PACKED * MAX_HEAD_DIM / (4 * CHANNELS)],
        key_groups: head_dim.div_ceil(4),
        value_groups: tokens.div_ceil(4),
    };
    let softmax = Softmax::new(attention);
    let store = Store::new(attention);
    let mut exponentials = [0u8; MAX_PACKED];
    for head in 0..attention.heads {
        let start = head * head_dim;
        for (token, row) in rows(qkv, 3 * width).take(tokens).enumerate() {
            packed.set_key(token, part(row, width + start, head_dim));
            packed.set_value(token, part(row, 2 * width + start, head_dim));
        }
        for (row, out) in rows(qkv, 3 * width).zip(rows_mut(out, width)) {
            let scores = packed.scores(part(row, start, head_dim), tokens);
            let sum = softmax.apply(&scores, tokens, &mut exponentials);
            let mult = attention.row_mult(sum);
            for (panel, out) in part_mut(out, start, head_dim).chunks_mut(CHANNELS).enumerate() {
                store.apply(packed.weighted(panel, &exponentials), mult, out);
            }
        }
    }
}

/// Keys and values of one head. Places of tokens and channels that there are not hold anything:
/// their lanes are masked, or meet an exponential of zero.
struct Packed {
    /// `[panel of sixteen tokens][group of four channels]`, `k + 128`.
    keys: [Group; MAX_PACKED * MAX_HEAD_DIM / (4 * CHANNELS)],
    /// `[panel of sixteen channels][group of four tokens]`.
    values: [Group; MAX_PACKED * MAX_HEAD_DIM / (4 * CHANNELS)],
    key_groups: usize,
    value_groups: usize,
}

/// Scores of up to [`MAX_PACKED`] keys.
type Scores = [__m512i; MAX_PACKED / CHANNELS];

impl Packed {
    fn set_key(&mut self, token: usize, key: &[i8]) {
        let start = token / CHANNELS * self.key_groups;
        let panel = part_mut(&mut self.keys, start, self.key_groups);
        let lane = token % CHANNELS * 4;
        for (group, four) in panel.iter_mut().zip(key.chunks(4)) {
            for (place, &k) in part_mut(group, lane, 4).iter_mut().zip(four) {
                *place = k.cast_unsigned() ^ 0x80;
            }
        }
    }

    fn set_value(&mut self, token: usize, value: &[i8]) {
        for (panel, channels) in value.chunks(CHANNELS).enumerate() {
            let at = panel * self.value_groups + token / 4;
            let Some(group) = self.values.get_mut(at) else { return };
            for (place, &v) in group.iter_mut().skip(token % 4).step_by(4).zip(channels) {
                *place = v.cast_unsigned();
            }
        }
    }

    /// `q · k` with every key, [`i32::MIN`] beyond the tokens.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn scores(&self, query: &[i8], tokens: usize) -> Scores {
        let sum: i32 = query.iter().map(|&q| i32::from(q)).sum();
        let offset = _mm512_set1_epi32(-128 * sum);
        let lowest = _mm512_set1_epi32(i32::MIN);
        let mut scores = [lowest; MAX_PACKED / CHANNELS];
        let panels = rows(&self.keys, self.key_groups).take(tokens.div_ceil(CHANNELS));
        for (panel, (score, keys)) in scores.iter_mut().zip(panels).enumerate() {
            let [product] = tile_product::<1>(query, query.len(), keys);
            let mask = lanes(tokens - panel * CHANNELS);
            *score = _mm512_mask_add_epi32(lowest, mask, product, offset);
        }
        scores
    }

    /// `Σ e · v` of sixteen channels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn weighted(&self, panel: usize, exponentials: &[u8; MAX_PACKED]) -> __m512i {
        let mut acc = _mm512_setzero_si512();
        let groups = part(&self.values, panel * self.value_groups, self.value_groups);
        let (fours, _) = exponentials.as_chunks::<4>();
        for (group, four) in groups.iter().zip(fours) {
            acc = _mm512_dpbusd_epi32(acc, _mm512_set1_epi32(read_four(*four)), load(group));
        }
        acc
    }
}

/// Exponentials of a row of scores.
struct Softmax {
    mult: __m512i,
    limit: __m512i,
}

impl Softmax {
    #[target_feature(enable = "avx512f")]
    fn new(attention: &Attention) -> Self {
        let set = |value: u32| _mm512_set1_epi32(value.cast_signed());
        Self { mult: set(attention.octaves.mult()), limit: set(attention.octaves.limit() + 1) }
    }

    /// Writes `exp2_neg(octaves(highest − score))` of each token, zeros up to a whole vector, and
    /// returns their sum.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn apply(&self, scores: &Scores, tokens: usize, out: &mut [u8; MAX_PACKED]) -> u32 {
        let used = part(scores, 0, tokens.div_ceil(CHANNELS));
        let mut highest = _mm512_set1_epi32(i32::MIN);
        for &score in used {
            highest = _mm512_max_epi32(highest, score);
        }
        let highest = _mm512_set1_epi32(_mm512_reduce_max_epi32(highest));
        let mut sums = _mm256_setzero_si256();
        let (places, _) = out.as_chunks_mut::<CHANNELS>();
        for (panel, (&score, place)) in used.iter().zip(places).enumerate() {
            let distance = _mm512_min_epu32(_mm512_sub_epi32(highest, score), self.limit);
            let octaves = _mm512_srli_epi32::<17>(_mm512_mullo_epi32(distance, self.mult));
            let most = _mm512_set1_epi32(MAX_ATTENTION_OCTAVES.cast_signed());
            let octaves = _mm512_cvtepi32_epi16(_mm512_min_epu32(octaves, most));
            let mask = lanes(tokens - panel * CHANNELS);
            let e = _mm256_maskz_mov_epi16(mask, exp2_neg(octaves));
            sums = _mm256_add_epi16(sums, e);
            let e = _mm256_cvtepi16_epi8(e);
            // SAFETY: a place has sixteen bytes.
            unsafe { _mm_storeu_epi8(place.as_mut_ptr().cast(), e) };
        }
        // A lane holds at most 16 · 255.
        let pairs = _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
        _mm512_reduce_add_epi32(_mm512_zextsi256_si512(pairs)).cast_unsigned()
    }
}

/// [`exp2_neg`](crate::fixed::exp2_neg) of sixteen i16 octaves: `vpmulhrsw` is its `mul`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn exp2_neg(octaves: __m256i) -> __m256i {
    let set = |value: i16| _mm256_set1_epi16(value);
    let f = _mm256_slli_epi16::<4>(_mm256_and_si256(octaves, set(2047)));
    let p = _mm256_add_epi16(set(7_592), _mm256_mulhrs_epi16(set(-1_327), f));
    let p = _mm256_add_epi16(set(-22_588), _mm256_mulhrs_epi16(p, f));
    let p = _mm256_add_epi16(set(32_640), _mm256_mulhrs_epi16(p, f));
    _mm256_mulhrs_epi16(p, _mm256_srlv_epi16(set(256), _mm256_srli_epi16::<11>(octaves)))
}

/// Rescale of the weighted values.
struct Store {
    shift: __m512i,
    half: __m512i,
    zero_point: __m512i,
}

impl Store {
    #[target_feature(enable = "avx512f")]
    fn new(attention: &Attention) -> Self {
        let shift = u32::from(attention.shift.clamp(25, 55)) + 7;
        Self {
            shift: _mm512_set1_epi64(shift.into()),
            half: _mm512_set1_epi64(1 << (shift - 1)),
            zero_point: _mm512_set1_epi32(attention.zero_point.into()),
        }
    }

    /// Same as [`Attention::store`] for up to sixteen channels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn apply(&self, acc: __m512i, mult: i32, out: &mut [i8]) {
        let mult = _mm512_set1_epi64(mult.into());
        let rescale = |acc| {
            let product = _mm512_add_epi64(_mm512_mul_epi32(acc, mult), self.half);
            _mm512_srav_epi64(product, self.shift)
        };
        let (even, odd) = (rescale(acc), rescale(_mm512_srli_epi64::<32>(acc)));
        let rescaled = _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64::<32>(odd));
        let q = _mm512_cvtsepi32_epi8(_mm512_add_epi32(rescaled, self.zero_point));
        // SAFETY: the mask has one bit for each value of `out`, at most sixteen.
        unsafe { _mm_mask_storeu_epi8(out.as_mut_ptr(), lanes(out.len()), q) };
    }
}
