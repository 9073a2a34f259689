//! Products of tiles with the dot products of AVX-512.

use std::arch::x86_64::*;

use super::pack::is_available;
use super::tile::{BLOCK, Block, DEPTH, LANES, Tile};

/// Rows whose sums are in registers at the same time; each needs two.
const ROWS: usize = 8;

/// Whether these products are used where AMX is not. On a Xeon, `compact` trained at 0.6 of its speed in f32 with them,
/// so only AMD's processors use them.
pub(super) fn is_used() -> bool {
    let vendor = __cpuid(0);
    [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
}

/// Multiplies two panels of rows by two panels of columns.
pub(super) fn multiply(a: &[Tile], b: &[Tile], block: &mut Block) {
    assert!(is_available(), "only called where AVX-512 has bf16");
    // SAFETY: the processor has the instructions.
    unsafe { panels(a, b, block) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn panels(a: &[Tile], b: &[Tile], block: &mut Block) {
    let count = a.len() / 2;
    let (b_0, b_1) = b.split_at(count);
    for first in (0..BLOCK).step_by(ROWS) {
        let a = &a[first / LANES * count..][..count];
        let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
        for ((a, b_0), b_1) in a.iter().zip(b_0).zip(b_1) {
            for pair in 0..DEPTH / 2 {
                let b = [b_0.line(pair), b_1.line(pair)];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let a = _mm512_set1_epi32(a.pair(first % LANES + row, pair));
                    for (sum, b) in sums.iter_mut().zip(b) {
                        *sum = dot(*sum, a, b);
                    }
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            let at = (first + row) * BLOCK;
            for (sum, out) in sums.into_iter().zip(block.0[at..at + BLOCK].chunks_exact_mut(LANES))
            {
                // SAFETY: `out` has 16 values.
                unsafe { _mm512_storeu_ps(out.as_mut_ptr(), sum) };
            }
        }
    }
}

/// Adds the products of 16 pairs to 16 sums.
#[target_feature(enable = "avx512f,avx512bf16")]
#[expect(clippy::disallowed_methods, reason = "bytemuck does not know vectors of bf16")]
#[inline]
fn dot(sum: __m512, a: __m512i, b: __m512i) -> __m512 {
    // SAFETY: both types are 64 bytes without an invalid value.
    let a = unsafe { std::mem::transmute::<__m512i, __m512bh>(a) };
    // SAFETY: both types are 64 bytes without an invalid value.
    let b = unsafe { std::mem::transmute::<__m512i, __m512bh>(b) };
    _mm512_dpbf16_ps(sum, a, b)
}
