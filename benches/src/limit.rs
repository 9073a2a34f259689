//! The rate of multiply-accumulates that a core cannot exceed: `vpdpbusd` on registers alone.

/// Multiply-accumulates in one call of the function that [`vpdpbusd`] returns.
pub const MACS: usize = ROUNDS * ACCUMULATORS * 64;

const ROUNDS: usize = 4096;
/// Number of independent sums: enough for two instructions in each cycle with a latency of five cycles.
#[cfg(target_arch = "x86_64")]
const ACCUMULATORS: usize = 12;
#[cfg(not(target_arch = "x86_64"))]
const ACCUMULATORS: usize = 0;

/// A function that computes [`MACS`] multiply-accumulates with AVX-512 VNNI; `None` if the processor does
/// not have it.
pub fn vpdpbusd() -> Option<fn() -> i32> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
        // SAFETY: the processor has the features that `products` needs.
        return Some(|| unsafe { x86::products(ROUNDS) });
    }
    None
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::*;
    use std::hint::black_box;

    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn products(rounds: usize) -> i32 {
        let (x, w) = (black_box(_mm512_set1_epi8(3)), black_box(_mm512_set1_epi8(-5)));
        let mut acc = [_mm512_setzero_si512(); super::ACCUMULATORS];
        for _ in 0..rounds {
            for acc in &mut acc {
                *acc = _mm512_dpbusd_epi32(*acc, x, w);
            }
        }
        acc.into_iter().fold(0, |sum, acc| sum ^ _mm512_reduce_add_epi32(acc))
    }
}
