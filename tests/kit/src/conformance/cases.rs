//! The cases: shapes below and above every block length.

use super::case::Case;
use runtime::config::{Grid, MAX_DIM};

/// Lengths of rows.
const LENGTHS: [usize; 19] =
    [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 27, 31, 33, 64, 147, 720, 1152, 1153];

/// Every pair of two lists.
fn pairs<A: Copy + 'static, B: Copy + 'static>(
    first: &'static [A],
    second: &'static [B],
) -> impl Iterator<Item = (A, B)> {
    first.iter().flat_map(move |&a| second.iter().map(move |&b| (a, b)))
}

/// Linear layers.
pub fn linear() -> impl Iterator<Item = Case> {
    const OUTPUTS: [usize; 15] = [1, 2, 3, 4, 5, 8, 11, 15, 16, 17, 32, 39, 40, 70, 130];
    const ROWS: [usize; 10] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 17];
    pairs(&LENGTHS, &OUTPUTS)
        .flat_map(|(k, n)| ROWS.iter().map(move |&rows| Case::Linear { rows, n, k }))
}

/// Convolutions, with each stride in turn.
pub fn conv() -> impl Iterator<Item = Case> {
    const GRIDS: [(usize, usize); 7] = [(1, 1), (1, 5), (2, 2), (3, 7), (6, 9), (5, 16), (4, 33)];
    const CHANNELS: [usize; 11] = [1, 2, 3, 4, 5, 16, 20, 33, 80, 127, 128];
    const OUTPUTS: [usize; 11] = [1, 3, 16, 17, 32, 48, 70, 80, 96, 130, 144];
    GRIDS.iter().enumerate().flat_map(|(index, &(height, width))| {
        pairs(&CHANNELS, &OUTPUTS).map(move |(channels, n)| {
            let stride = 1 + (index + channels + n) % 2;
            Case::Conv { input: Grid { height, width, channels }, n, stride }
        })
    })
}

/// Depthwise convolutions.
pub fn depthwise() -> impl Iterator<Item = Case> {
    const GRIDS: [(usize, usize); 7] = [(1, 1), (1, 4), (2, 2), (2, 8), (3, 4), (3, 5), (8, 8)];
    const CHANNELS: [usize; 9] = [1, 3, 4, 5, 15, 16, 17, 33, 128];
    // Three times, so that layers with and without the smallest weight are drawn for a shape.
    (0..3).flat_map(|_| {
        pairs(&GRIDS, &CHANNELS)
            .map(|((height, width), channels)| Case::Depthwise(Grid { height, width, channels }))
    })
}

/// Layer normalisations.
pub fn norm() -> impl Iterator<Item = Case> {
    const PEAKS: [u16; 5] = [0, 1, 100, 32_767, 32_768];
    // 19 rows are more than any set normalises together.
    const ROWS: [usize; 2] = [3, 19];
    pairs(&LENGTHS, &PEAKS)
        .flat_map(|(dim, peak)| ROWS.iter().map(move |&rows| (rows, dim.min(MAX_DIM), peak)))
        .map(|(rows, dim, peak)| Case::Norm { rows, dim, peak })
}

/// Attention.
pub fn attention() -> impl Iterator<Item = Case> {
    const HEADS: [(usize, usize); 7] =
        [(1, 1), (2, 3), (4, 16), (3, 17), (2, 32), (4, 32), (1, 128)];
    const TOKENS: [usize; 13] = [1, 2, 3, 4, 7, 15, 16, 17, 64, 65, 143, 144, 257];
    // Each shape with several multipliers and shifts.
    (0..3).flat_map(|_| {
        pairs(&HEADS, &TOKENS).map(|((heads, head_dim), tokens)| Case::Attention {
            heads,
            head_dim,
            tokens,
        })
    })
}

/// Pools and logits.
pub fn head() -> impl Iterator<Item = Case> {
    const CLASSES: [usize; 3] = [1, 2, 10];
    pairs(&LENGTHS, &CLASSES).map(|(dim, classes)| Case::Head { tokens: 9, dim, classes })
}
