//! Eight-bit grids for values of the residual stream, and the one with the smallest error.

/// How often each i16 occurs.
#[derive(Clone, Debug)]
pub(crate) struct Histogram(Vec<u64>);

/// The values `scale · (q − zero_point)` that i8 affine quantization can represent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    scale: f64,
    zero_point: f64,
}

/// Number of ends of a range that are tried on each side, evenly spaced from zero to the extreme value.
const CUTS: i32 = 20;

impl Default for Histogram {
    fn default() -> Self {
        Self(vec![0; 1 << 16])
    }
}

impl Histogram {
    /// Counts values.
    pub(crate) fn add(&mut self, values: &[i16]) {
        for &value in values {
            self.0[(i32::from(value) + 32_768) as usize] += 1;
        }
    }

    /// Adds the counts of another histogram.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, other) in self.0.iter_mut().zip(&other.0) {
            *count += other;
        }
    }

    /// The values that occur, each with its count.
    fn counts(&self) -> impl Iterator<Item = (i16, u64)> {
        (i16::MIN..=i16::MAX).zip(self.0.iter().copied()).filter(|&(_, count)| count > 0)
    }

    /// From the smallest to the largest value, zero included.
    fn ends(&self) -> (f64, f64) {
        self.counts().fold((0.0, 0.0), |(low, high), (value, _)| {
            (f64::min(low, value.into()), f64::max(high, value.into()))
        })
    }
}

impl Grid {
    /// Of all grids with a range that may be cut at both ends, the one with the smallest mean squared error
    /// of the counted values.
    pub(crate) fn nearest(values: &Histogram) -> Self {
        let (low, high) = values.ends();
        let part = |end: f64, cut: i32| end * f64::from(cut) / f64::from(CUTS);
        let cuts = (1..=CUTS).flat_map(|low| (1..=CUTS).map(move |high| (low, high)));
        let grids = cuts.map(|cut| Self::between(part(low, cut.0), part(high, cut.1)));
        grids
            .map(|grid| (grid.loss(values), grid))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(Self { scale: 1.0, zero_point: 0.0 }, |(_, grid)| grid)
    }

    /// 255 steps from `low` to `high`, zero among them.
    fn between(low: f64, high: f64) -> Self {
        let scale = ((high - low) / 255.0).max(1.0);
        Self { scale, zero_point: (-128.0 - low / scale).round() }
    }

    /// The value of the grid that stands for `value`, on the i16 grid.
    pub(crate) fn round(self, value: i16) -> i16 {
        let q = ((f64::from(value) / self.scale).round() + self.zero_point).clamp(-128.0, 127.0);
        // A cast of a float saturates.
        (self.scale * (q - self.zero_point)).round() as i16
    }

    fn loss(self, values: &Histogram) -> f64 {
        let square = |value: i16| (f64::from(value) - f64::from(self.round(value))).powi(2);
        values.counts().map(|(value, count)| count as f64 * square(value)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[i16]) -> Grid {
        let mut histogram = Histogram::default();
        histogram.add(values);
        Grid::nearest(&histogram)
    }

    #[test]
    fn values_that_fit_eight_bits_are_kept() {
        let values: Vec<i16> = (-20..=235).map(|q| 16 * q).collect();
        let grid = of(&values);
        assert!(values.iter().all(|&value| grid.round(value) == value), "{grid:?}");
        assert_eq!((grid.round(7), grid.round(9)), (0, 16), "{grid:?}: to the nearest");
    }

    #[test]
    fn one_far_value_is_cut_off_for_many_near_ones() {
        let near: Vec<i16> = (-1000..1000).collect();
        let mut histogram = Histogram::default();
        (0..10_000).for_each(|_| histogram.add(&near));
        histogram.add(&[20_000]);
        let grid = Grid::nearest(&histogram);
        assert!(grid.round(20_000) < 3_000, "{grid:?}");
        assert!((grid.round(555) - 555).abs() < 10, "{grid:?}");
    }
}
