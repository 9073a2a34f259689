//! Matrix products whose factors are rounded to bf16. They are summed in f32.
//!
//! Both factors are copied to tiles first. A tile holds 16 rows, or 16 columns, of a factor, and 32 positions of the
//! inner dimension. Places outside a matrix are zeros, so that the loops know only whole tiles.

mod amx;
mod avx512;
mod pack;
mod tile;

use std::cell::RefCell;
use std::sync::OnceLock;

use super::matrix::{Matrix, Output};
use pack::{add_block, columns, rows};
pub(super) use tile::BLOCK;
use tile::{Block, DEPTH, Tile};

/// Columns and inner positions of the second factor that are in tiles at the same time: 1 MiB, which fits the second
/// cache of the processors with these instructions.
const MAX_COLUMNS: usize = 512;
const MAX_DEPTH: usize = 1024;

/// Memory for the tiles of both factors, and for a part of their product. It is kept from call to call: clearing it
/// each time takes as long as a short product.
struct Buffers {
    a: Vec<Tile>,
    b: Vec<Tile>,
    block: Block,
}

/// A second factor in tiles.
pub(super) struct Packed {
    tiles: Vec<Tile>,
    width: usize,
    unit: Unit,
}

/// Where a product is written.
struct Target<'a> {
    out: &'a mut [f32],
    row_stride: usize,
    scale: f32,
    output: Output,
}

/// The instructions that multiply tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Tiles of AMX.
    Amx,
    /// Dot products of AVX-512.
    Avx512,
}

impl Unit {
    /// The unit that multiplies in bf16 on this processor, if products are not better in f32.
    pub(super) fn best() -> Option<Self> {
        static BEST: OnceLock<Option<Unit>> = OnceLock::new();
        *BEST.get_or_init(|| {
            Self::all().find(|unit| match unit {
                Self::Amx => true,
                Self::Avx512 => avx512::is_used(),
            })
        })
    }

    /// The units of this processor, the fastest first.
    fn all() -> impl Iterator<Item = Self> {
        let packs = pack::is_available();
        let units = [(Self::Amx, amx::is_available()), (Self::Avx512, true)];
        units.into_iter().filter(move |&(_, has)| packs && has).map(|(unit, _)| unit)
    }
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = const {
        RefCell::new(Buffers { a: Vec::new(), b: Vec::new(), block: Block([0.0; BLOCK * BLOCK]) })
    };
}

/// Writes `scale·a·b` to `out`, whose rows are `row_stride` apart, or adds it.
///
/// # Panics
/// If `out` is too short.
pub(super) fn multiply(
    unit: Unit,
    a: Matrix<'_>,
    b: Matrix<'_>,
    scale: f32,
    out: &mut [f32],
    row_stride: usize,
    output: Output,
) {
    let (depth, width) = (a.columns(), b.columns());
    BUFFERS.with_borrow_mut(|Buffers { a: a_tiles, b: b_tiles, block }| {
        for first_column in (0..width).step_by(MAX_COLUMNS) {
            let column_count = MAX_COLUMNS.min(width - first_column);
            for first_k in (0..depth).step_by(MAX_DEPTH) {
                let k = first_k..depth.min(first_k + MAX_DEPTH);
                let part = b.part(k.clone(), first_column..first_column + column_count);
                let b_tiles = reserve(b_tiles, tile_count(part));
                columns(part, b_tiles);
                let output = if first_k == 0 { output } else { Output::Add };
                let out = &mut out[first_column..];
                let target = Target { out, row_stride, scale, output };
                let a = a.part(0..a.rows(), k);
                multiply_tiles(unit, a, (b_tiles, column_count), (a_tiles, block), target);
            }
        }
    });
}

impl Packed {
    pub(super) fn new(unit: Unit, matrix: Matrix<'_>) -> Self {
        let mut tiles = vec![Tile::ZERO; tile_count(matrix)];
        columns(matrix, &mut tiles);
        Self { tiles, width: matrix.columns(), unit }
    }

    /// Writes `a` times this factor to `out`, whose rows follow each other without gaps, or adds it.
    ///
    /// # Panics
    /// If `out` is too short, or the factor has not `a.columns()` rows.
    pub(super) fn multiply(&self, a: Matrix<'_>, out: &mut [f32], output: Output) {
        let Self { tiles, width, unit } = self;
        let target = Target { out, row_stride: *width, scale: 1.0, output };
        BUFFERS.with_borrow_mut(|Buffers { a: a_tiles, block, .. }| {
            multiply_tiles(*unit, a, (tiles, *width), (a_tiles, block), target);
        });
    }
}

/// Number of tiles of a second factor: two panels of 16 columns for each block, even if the last panel has no column.
const fn tile_count(matrix: Matrix<'_>) -> usize {
    matrix.columns().div_ceil(BLOCK) * 2 * matrix.rows().div_ceil(DEPTH)
}

/// Writes the product of `a` and a second factor, which is given by its tiles and the number of its columns. The tiles of
/// `a` and a part of the product need memory.
fn multiply_tiles(
    unit: Unit,
    a: Matrix<'_>,
    (b_tiles, width): (&[Tile], usize),
    (a_tiles, block): (&mut Vec<Tile>, &mut Block),
    target: Target<'_>,
) {
    let Target { out, row_stride, scale, output } = target;
    let (height, panels) = (a.rows(), 2 * a.columns().div_ceil(DEPTH));
    assert_eq!(b_tiles.len(), width.div_ceil(BLOCK) * panels, "tiles of the second factor");
    let a_tiles = reserve(a_tiles, panels);
    let _session = (unit == Unit::Amx).then(amx::Session::begin);
    for first_row in (0..height).step_by(BLOCK) {
        let row_count = BLOCK.min(height - first_row);
        rows(a.part(first_row..first_row + row_count, 0..a.columns()), a_tiles);
        for (pair, b_tiles) in b_tiles.chunks_exact(panels).enumerate() {
            match unit {
                Unit::Amx => amx::multiply(a_tiles, b_tiles, block),
                Unit::Avx512 => avx512::multiply(a_tiles, b_tiles, block),
            }
            let first = pair * BLOCK;
            let out = &mut out[first_row * row_stride + first..];
            let size = [row_count, BLOCK.min(width - first)];
            add_block(block, size, scale, out, row_stride, output);
        }
    }
}

/// The first `len` tiles, whose content is undefined.
fn reserve(tiles: &mut Vec<Tile>, len: usize) -> &mut [Tile] {
    if tiles.len() < len {
        tiles.resize(len, Tile::ZERO);
    }
    &mut tiles[..len]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 37 + seed * 101) as f32 * 0.713).sin()).collect()
    }

    /// The nearest bf16.
    fn rounded(value: f32) -> f32 {
        let bits = value.to_bits();
        f32::from_bits((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF_0000)
    }

    /// The product of rounded factors in f64, added to `out`.
    fn reference(a: &[f32], b: &[f32], size: [usize; 3], scale: f32, out: &mut [f32]) {
        let [height, depth, width] = size;
        for row in 0..height {
            for column in 0..width {
                let product = |k| {
                    let (a, b) = (a[row * depth + k], b[k * width + column]);
                    f64::from(rounded(a)) * f64::from(rounded(b))
                };
                let sum: f64 = (0..depth).map(product).sum();
                out[row * width + column] += (f64::from(scale) * sum) as f32;
            }
        }
    }

    /// `values` with rows and columns exchanged.
    fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
        (0..rows * columns).map(|i| values[i % rows * columns + i / rows]).collect()
    }

    #[test]
    fn every_unit_multiplies_as_the_definition() {
        let sizes = [
            [1, 1, 1],
            [16, 32, 16],
            [64, 32, 64],
            [33, 65, 31],
            [7, 130, 600],
            [100, 1500, 10],
            [47, 27, 48],
        ];
        let units: Vec<_> = Unit::all().collect();
        if units.is_empty() {
            eprintln!("SKIPPED: this processor has no products in bf16");
        }
        for unit in units {
            for size @ [height, depth, width] in sizes {
                let (a, b) = (values(height * depth, 1), values(depth * width, 2));
                let (a_turned, b_turned) =
                    (transposed(&a, height, depth), transposed(&b, depth, width));
                let first = [
                    Matrix::new(&a, height, depth),
                    Matrix::new(&a_turned, depth, height).transposed(),
                ];
                let second = [
                    Matrix::new(&b, depth, width),
                    Matrix::new(&b_turned, width, depth).transposed(),
                ];
                let before = values(height * width, 3);
                for output in [Output::Replace, Output::Add] {
                    for scale in [0.5, 1.0] {
                        let mut expected = match output {
                            Output::Replace => vec![0.0; height * width],
                            Output::Add => before.clone(),
                        };
                        reference(&a, &b, size, scale, &mut expected);
                        let check = |out: &[f32]| {
                            let differences = out.iter().zip(&expected).map(|(a, b)| (a - b).abs());
                            let worst = differences.fold(0.0, f32::max);
                            let limit = 2e-6 * scale * depth as f32 + 1e-6;
                            let case = format!("{unit:?}, {size:?}, {scale}, {output:?}");
                            assert!(worst <= limit, "{case}: differs by {worst}");
                        };
                        for (a, b) in first.iter().flat_map(|a| second.map(|b| (*a, b))) {
                            let mut out = before.clone();
                            multiply(unit, a, b, scale, &mut out, width, output);
                            check(&out);
                            if scale == 1.0 {
                                let mut out = before.clone();
                                Packed::new(unit, b).multiply(a, &mut out, output);
                                check(&out);
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn whole_blocks_leave_gaps_between_rows() {
        for unit in Unit::all() {
            let (a, b) = (values(32 * 40, 1), values(40 * 64, 2));
            let (a, b) = (Matrix::new(&a, 32, 40), Matrix::new(&b, 40, 64));
            let mut narrow = vec![2.0; 32 * 64];
            multiply(unit, a, b, 1.0, &mut narrow, 64, Output::Add);
            let mut wide = vec![2.0; 32 * 70];
            multiply(unit, a, b, 1.0, &mut wide, 70, Output::Add);
            for (narrow, wide) in narrow.chunks(64).zip(wide.chunks(70)) {
                assert_eq!(narrow, &wide[..64], "{unit:?}: a row");
                assert_eq!(wide[64..], [2.0; 6], "{unit:?}: the gap after it");
            }
        }
    }

    #[test]
    fn gaps_between_rows_stay() {
        for unit in Unit::all() {
            let (a, b) = (values(4 * 8, 1), values(8 * 5, 2));
            let mut out = vec![9.0; 3 * 7 + 5];
            multiply(
                unit,
                Matrix::new(&a, 4, 8),
                Matrix::new(&b, 8, 5),
                1.0,
                &mut out,
                7,
                Output::Replace,
            );
            for gap in [5, 6, 12, 13, 19, 20] {
                assert_eq!(out[gap], 9.0, "{unit:?}: value {gap} is between rows");
            }
        }
    }
}
