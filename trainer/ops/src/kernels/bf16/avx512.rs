//! Products of tiles with the dot products of AVX-512.

use std::arch::x86_64::*;

use super::pack::is_available;
use super::tile::{BLOCK, DEPTH, LANES, Tile};
use crate::kernels::matrix::Output;

/// Rows whose sums are in registers at the same time; each needs two.
const ROWS: usize = 8;

/// Whether these products are faster than those in f32. AMD's processors multiply twice as many values
/// of bf16 in a cycle as values of f32. Intel's multiply no more of them: with the copies to tiles, `compact` trained at
/// 0.6 of its speed in f32.
pub(super) fn is_fast() -> bool {
    let vendor = __cpuid(0);
    [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
}

/// Multiplies two panels of rows by two panels of columns. Writes the product to the first 32 values of 32 rows of
/// `out`, `row_stride` apart, or adds it.
///
/// # Panics
/// If `out` is too short.
pub(super) fn multiply(a: &[Tile], b: &[Tile], out: &mut [f32], row_stride: usize, output: Output) {
    assert!(is_available(), "only called where AVX-512 has bf16");
    // SAFETY: the processor has the instructions.
    unsafe { panels(a, b, out, row_stride, output) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn panels(a: &[Tile], b: &[Tile], out: &mut [f32], row_stride: usize, output: Output) {
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
            let out = &mut out[(first + row) * row_stride..][..BLOCK];
            for (sum, out) in sums.into_iter().zip(out.chunks_exact_mut(LANES)) {
                let sum = match output {
                    Output::Replace => sum,
                    // SAFETY: `out` has 16 values.
                    Output::Add => _mm512_add_ps(sum, unsafe { _mm512_loadu_ps(out.as_ptr()) }),
                };
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
