//! Copies matrices to tiles of bf16, and blocks of the output to where they belong.

use std::arch::x86_64::*;

use super::tile::{BLOCK, Block, DEPTH, LANES, Tile};
use crate::kernels::matrix::{Matrix, Output};
use crate::kernels::vectorised::has_avx512;

/// Whether the processor has the instructions of this file and of the dot products.
pub(super) fn is_available() -> bool {
    has_avx512() && std::arch::is_x86_feature_detected!("avx512bf16")
}

/// Fills the tiles of a first factor with at most 32 rows: two panels of 16 rows.
pub(super) fn rows(matrix: Matrix<'_>, tiles: &mut [Tile]) {
    assert!(is_available(), "only called where AVX-512 has bf16");
    // SAFETY: the processor has the instructions.
    unsafe { panels::<false>(matrix, tiles) };
}

/// Fills the tiles of a second factor: an even number of panels of 16 columns.
pub(super) fn columns(matrix: Matrix<'_>, tiles: &mut [Tile]) {
    assert!(is_available(), "only called where AVX-512 has bf16");
    // SAFETY: the processor has the instructions.
    unsafe { panels::<true>(matrix.transposed(), tiles) };
}

/// Fills panels of 16 rows of `matrix`, whose columns are the inner dimension. `AS_COLUMNS` decides the order in a tile.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn panels<const AS_COLUMNS: bool>(matrix: Matrix<'_>, tiles: &mut [Tile]) {
    let (values, [row_stride, column_stride]) = matrix.values_and_strides();
    let (height, depth) = (matrix.rows(), matrix.columns());
    let count = depth.div_ceil(DEPTH);
    for (panel, tiles) in tiles.chunks_exact_mut(count).enumerate() {
        let first = panel * LANES;
        if first >= height {
            tiles.fill(Tile::ZERO);
            continue;
        }
        let height = LANES.min(height - first);
        for (tile, at) in tiles.iter_mut().zip((0..depth).step_by(DEPTH)) {
            let depth = DEPTH.min(depth - at);
            let values = &values[first * row_stride + at * column_stride..];
            let (lines, is_columns) = if column_stride == 1 {
                (along_rows(values, row_stride, height, depth), false)
            } else {
                (along_columns(values, column_stride, height, depth), true)
            };
            let lines = if is_columns == AS_COLUMNS { lines } else { exchanged(lines) };
            for (to, line) in tile.0.iter_mut().zip(lines) {
                // SAFETY: a line has 64 bytes.
                unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), line) };
            }
        }
    }
}

/// Rows as lines, from values that are contiguous in the inner dimension.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
#[inline]
fn along_rows(values: &[f32], stride: usize, height: usize, depth: usize) -> [__m512i; LANES] {
    let mut lines = [_mm512_setzero_si512(); LANES];
    for (row, line) in lines.iter_mut().enumerate().take(height) {
        let values = &values[row * stride..][..depth];
        *line = rounded(load(values), load(values.get(LANES..).unwrap_or(&[])));
    }
    lines
}

/// Pairs of inner positions as lines, from values that are contiguous from row to row.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
#[inline]
fn along_columns(values: &[f32], stride: usize, height: usize, depth: usize) -> [__m512i; LANES] {
    // The words 0 to 15 and 16 to 31 in turns.
    let turns = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
        19, 3, 18, 2, 17, 1, 16, 0,
    );
    let mut lines = [_mm512_setzero_si512(); LANES];
    for (pair, line) in lines.iter_mut().enumerate().take(depth.div_ceil(2)) {
        let first = load(&values[2 * pair * stride..][..height]);
        let second = if 2 * pair + 1 < depth {
            load(&values[(2 * pair + 1) * stride..][..height])
        } else {
            _mm512_setzero_ps()
        };
        *line = _mm512_permutexvar_epi16(turns, rounded(first, second));
    }
    lines
}

/// The first 16 values, or fewer and zeros.
#[target_feature(enable = "avx512f")]
#[inline]
fn load(values: &[f32]) -> __m512 {
    if values.len() >= LANES {
        // SAFETY: there are 16 values.
        return unsafe { _mm512_loadu_ps(values.as_ptr()) };
    }
    // SAFETY: the mask selects only values of the slice.
    unsafe { _mm512_maskz_loadu_ps(mask(values.len()), values.as_ptr()) }
}

/// Selects the first `count` of 16 values.
const fn mask(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}

/// 32 values rounded to bf16, to the nearest and then to the even one.
#[target_feature(enable = "avx512f,avx512bf16")]
#[expect(clippy::disallowed_methods, reason = "bytemuck does not know vectors of bf16")]
#[inline]
fn rounded(first: __m512, second: __m512) -> __m512i {
    let words = _mm512_cvtne2ps_pbh(second, first);
    // SAFETY: both types are 64 bytes without an invalid value.
    unsafe { std::mem::transmute::<__m512bh, __m512i>(words) }
}

/// 16 lines of 16 pairs with lines and pairs exchanged.
#[target_feature(enable = "avx512f")]
#[inline]
fn exchanged(lines: [__m512i; LANES]) -> [__m512i; LANES] {
    let mut twos = lines;
    for i in (0..LANES).step_by(2) {
        twos[i] = _mm512_unpacklo_epi32(lines[i], lines[i + 1]);
        twos[i + 1] = _mm512_unpackhi_epi32(lines[i], lines[i + 1]);
    }
    let mut fours = twos;
    for i in (0..LANES).step_by(4) {
        fours[i] = _mm512_unpacklo_epi64(twos[i], twos[i + 2]);
        fours[i + 1] = _mm512_unpackhi_epi64(twos[i], twos[i + 2]);
        fours[i + 2] = _mm512_unpacklo_epi64(twos[i + 1], twos[i + 3]);
        fours[i + 3] = _mm512_unpackhi_epi64(twos[i + 1], twos[i + 3]);
    }
    let mut eights = fours;
    for i in 0..4 {
        for half in [0, 8] {
            let (low, high) = (fours[half + i], fours[half + i + 4]);
            eights[half + i] = _mm512_shuffle_i32x4::<0x88>(low, high);
            eights[half + i + 4] = _mm512_shuffle_i32x4::<0xDD>(low, high);
        }
    }
    let mut all = eights;
    for i in 0..8 {
        let (low, high) = (eights[i], eights[i + 8]);
        all[i] = _mm512_shuffle_i32x4::<0x88>(low, high);
        all[i + 8] = _mm512_shuffle_i32x4::<0xDD>(low, high);
    }
    all
}

/// Writes the first rows and columns of `block` times `scale` to `out`, or adds them.
pub(super) fn add_block(
    block: &Block,
    size: [usize; 2],
    scale: f32,
    out: &mut [f32],
    row_stride: usize,
    output: Output,
) {
    assert!(is_available(), "only called where AVX-512 has bf16");
    // SAFETY: the processor has the instructions.
    unsafe { add_rows(block, size, scale, out, row_stride, output) };
}

#[target_feature(enable = "avx512f")]
fn add_rows(
    block: &Block,
    [height, width]: [usize; 2],
    scale: f32,
    out: &mut [f32],
    row_stride: usize,
    output: Output,
) {
    let scale = _mm512_set1_ps(scale);
    for (row, from) in block.0.chunks_exact(BLOCK).enumerate().take(height) {
        let to = &mut out[row * row_stride..][..width];
        for (to, from) in to.chunks_mut(LANES).zip(from.chunks_exact(LANES)) {
            let product = load(from);
            let result = match output {
                Output::Replace => _mm512_mul_ps(product, scale),
                Output::Add => _mm512_fmadd_ps(product, scale, load(to)),
            };
            // SAFETY: the mask selects only values of the slice.
            unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), mask(to.len()), result) };
        }
    }
}
