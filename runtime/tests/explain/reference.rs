//! Objects as `INTEGER.md` defines them, written from the page alone: pixel by pixel, in i128.

use kit::rng::Rng;
use runtime::config::Grid;
use runtime::explain::{Floor, Tiling};

/// A grid of tokens over an image, and one value for each token.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) grid: Grid,
    pub(super) image: Grid,
    pub(super) map: Vec<i32>,
}

/// An object of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// x, y, width, height.
    pub(super) area: [usize; 4],
    pub(super) evidence: i128,
    pub(super) evidence_share: i128,
    pub(super) picture_share: i128,
    /// In the order of the map.
    pub(super) tokens: Vec<usize>,
}

impl Picture {
    /// A random one: any shape, many or few tokens above 0, many or few different values.
    pub(super) fn random(rng: &mut Rng) -> Self {
        let side =
            |rng: &mut Rng| if rng.one_in(4) { rng.between(1, 40) } else { rng.between(1, 9) };
        let (rows, columns) = (side(rng), side(rng).min(25));
        let pixels = |rng: &mut Rng, tokens: i64| tokens * rng.between(1, 5) + rng.between(0, 3);
        let (height, width) = (pixels(rng, rows), pixels(rng, columns));
        let grid = |height: i64, width: i64| Grid {
            height: height.try_into().unwrap(),
            width: width.try_into().unwrap(),
            channels: 1,
        };
        let (min, max) = match rng.pick(0u8, 4) {
            0 => (-1, 1),
            1 => (i32::MIN, i32::MAX),
            2 => (-9, 2),
            3 => (0, 3),
            _ => (-(1 << 25), 1 << 25),
        };
        let map = (0..rows * columns).map(|_| rng.pick(min, max)).collect();
        Self { grid: grid(rows, columns), image: grid(height, width), map }
    }

    pub(super) fn tiling(&self) -> Tiling {
        Tiling::new(self.grid, self.image).unwrap()
    }

    /// The token that a pixel belongs to.
    fn token(&self, y: usize, x: usize) -> usize {
        let row = y * self.grid.height / self.image.height;
        let column = x * self.grid.width / self.image.width;
        row * self.grid.width + column
    }

    /// Every connected set of tokens above the floor, the one with the most evidence first.
    pub(super) fn sets(&self, floor: Floor) -> Vec<Found> {
        let sum: i128 = self.map.iter().map(|&value| i128::from(value)).sum();
        let count = self.map.len() as i128;
        let above = |token: usize| {
            let value = i128::from(self.map[token]);
            value > 0 && (floor == Floor::Zero || value * count > sum)
        };
        let mut seen = vec![false; self.map.len()];
        let mut sets = Vec::new();
        for start in 0..self.map.len() {
            if seen[start] || !above(start) {
                continue;
            }
            let (mut open, mut tokens) = (vec![start], Vec::new());
            seen[start] = true;
            while let Some(token) = open.pop() {
                tokens.push(token);
                for next in self.neighbours(token) {
                    if !seen[next] && above(next) {
                        seen[next] = true;
                        open.push(next);
                    }
                }
            }
            tokens.sort_unstable();
            sets.push(self.found(tokens));
        }
        sets.sort_by_key(|set| (-set.evidence, set.tokens[0]));
        sets
    }

    /// The tokens left, right, above and below.
    fn neighbours(&self, token: usize) -> Vec<usize> {
        let (rows, columns) = (self.grid.height as i64, self.grid.width as i64);
        let (row, column) = (token as i64 / columns, token as i64 % columns);
        [(0, -1), (0, 1), (-1, 0), (1, 0)]
            .map(|(down, right)| (row + down, column + right))
            .into_iter()
            .filter(|(row, column)| (0..rows).contains(row) && (0..columns).contains(column))
            .map(|(row, column)| (row * columns + column) as usize)
            .collect()
    }

    fn found(&self, tokens: Vec<usize>) -> Found {
        let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
        let mut pixels = 0;
        for y in 0..self.image.height {
            for x in 0..self.image.width {
                if tokens.binary_search(&self.token(y, x)).is_ok() {
                    pixels += 1;
                    (left, top) = (left.min(x), top.min(y));
                    (right, bottom) = (right.max(x), bottom.max(y));
                }
            }
        }
        let evidence = tokens.iter().map(|&token| i128::from(self.map[token])).sum();
        Found {
            area: [left, top, right + 1 - left, bottom + 1 - top],
            evidence,
            evidence_share: share(evidence, self.positive()),
            picture_share: share(pixels, (self.image.height * self.image.width) as i128),
            tokens,
        }
    }

    /// The sum of all values above 0.
    pub(super) fn positive(&self) -> i128 {
        self.map.iter().map(|&value| i128::from(value.max(0))).sum()
    }
}

/// A share in steps of `2^−16`, half rounded up, at most 65,535.
pub(super) fn share(part: i128, whole: i128) -> i128 {
    if whole == 0 { 0 } else { ((2 * part * 65_536 + whole) / (2 * whole)).min(65_535) }
}
