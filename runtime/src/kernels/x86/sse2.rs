//! SSE2, which every x86-64 processor has: sixteen products in two instructions on values widened to i16.
//! The lanes of a vector hold partial sums of one output.
//!
//! `pmaddwd` adds two products of at most `2^14` and cannot overflow.

use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear, Skip};
use crate::kernels::set::Kernels;
use crate::kernels::tile::{Chunks, TILE, Tile, tiled_layers};
use core::arch::x86_64::*;

/// The SSE2 set.
pub(super) static KERNELS: Kernels =
    Kernels { name: "sse2", linear_i8, linear_skip_i8, linear_add_i16, ..generic::KERNELS };

tiled_layers!(Sse2);

/// Tiles by `pmaddwd`.
struct Sse2;

impl Tile for Sse2 {
    #[inline]
    fn dots(&self, x: [&[i8]; TILE], w: [&[i8]; TILE]) -> [[i32; TILE]; TILE] {
        // In two halves: sixteen accumulators would leave no register for the values.
        let [w0, w1, w2, w3] = w;
        // SAFETY: SSE2 is part of x86-64.
        let left = unsafe { dots(x, [w0, w1]) };
        // SAFETY: as above.
        let right = unsafe { dots(x, [w2, w3]) };
        let mut all = [[0; TILE]; TILE];
        for ((all, [a, b]), [c, d]) in all.iter_mut().zip(left).zip(right) {
            *all = [a, b, c, d];
        }
        all
    }
}

/// Channels of half a tile.
const HALF: usize = TILE / 2;

#[inline]
#[target_feature(enable = "sse2")]
fn dots(x: [&[i8]; TILE], [w0, w1]: [&[i8]; HALF]) -> [[i32; HALF]; TILE] {
    let mut acc = [[_mm_setzero_si128(); HALF]; TILE];
    let (x, w) = (Chunks::new(x), Chunks::new([w0, w1, w0, w1]));
    let rest = x.rest.zip(w.rest);
    for (x, [w0, w1, ..]) in x.steps().zip(w.steps()) {
        step(&mut acc, x, [w0, w1]);
    }
    if let Some((x, [w0, w1, ..])) = &rest {
        step(&mut acc, x.each_ref(), [w0, w1]);
    }
    let mut sums = [[0; HALF]; TILE];
    for (sums, acc) in sums.iter_mut().zip(acc) {
        for (sum, acc) in sums.iter_mut().zip(acc) {
            let pairs = _mm_add_epi32(acc, _mm_shuffle_epi32::<0b01_00_11_10>(acc));
            let all = _mm_add_epi32(pairs, _mm_shuffle_epi32::<0b10_11_00_01>(pairs));
            *sum = _mm_cvtsi128_si32(all);
        }
    }
    sums
}

#[inline]
#[target_feature(enable = "sse2")]
fn step(acc: &mut [[__m128i; HALF]; TILE], x: [&[i8; 16]; TILE], [w0, w1]: [&[i8; 16]; HALF]) {
    let weights = [widen(w0), widen(w1)];
    for (acc, x) in acc.iter_mut().zip(x) {
        let [x_low, x_high] = widen(x);
        for (acc, [w_low, w_high]) in acc.iter_mut().zip(weights) {
            let low = _mm_madd_epi16(x_low, w_low);
            let high = _mm_madd_epi16(x_high, w_high);
            *acc = _mm_add_epi32(*acc, _mm_add_epi32(low, high));
        }
    }
}

/// Sixteen i8 as two vectors of i16.
#[inline]
#[target_feature(enable = "sse2")]
fn widen(values: &[i8; 16]) -> [__m128i; 2] {
    // SAFETY: there are sixteen bytes.
    let all = unsafe { _mm_loadu_si128(values.as_ptr().cast()) };
    let twice = [_mm_unpacklo_epi8(all, all), _mm_unpackhi_epi8(all, all)];
    [_mm_srai_epi16::<8>(twice[0]), _mm_srai_epi16::<8>(twice[1])]
}
