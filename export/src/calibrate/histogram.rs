//! How often values of each size occur at a site.

use trainer::quantize::Range;

/// Bins of a histogram: fine enough that half of the range still has four for each step of i8.
const BINS: usize = 2048;

/// Counts of values in equal parts of a range.
#[derive(Clone, Debug)]
pub struct Histogram {
    range: Range,
    counts: Vec<u64>,
}

impl Histogram {
    /// No values yet, within `range`.
    pub fn new(range: Range) -> Self {
        Self { range, counts: vec![0; BINS] }
    }

    /// Counts `values`. A value beyond the range counts at the nearest end.
    pub fn observe(&mut self, values: impl IntoIterator<Item = f32>) {
        let scale = BINS as f64 / self.width().max(f64::MIN_POSITIVE);
        for value in values {
            // A cast from float to integer saturates.
            let bin = ((f64::from(value) - self.range.min) * scale) as usize;
            self.counts[bin.min(BINS - 1)] += 1;
        }
    }

    /// The range that was counted.
    pub const fn range(&self) -> Range {
        self.range
    }

    /// The counts, each with the middle of its part.
    pub fn bins(&self) -> impl DoubleEndedIterator<Item = (f64, u64)> + '_ {
        let step = self.width() / BINS as f64;
        let middle = move |bin: usize| self.range.min + (bin as f64 + 0.5) * step;
        self.counts.iter().enumerate().map(move |(bin, &count)| (middle(bin), count))
    }

    /// Number of values.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn width(&self) -> f64 {
        self.range.max - self.range.min
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_counts_once_where_it_is() {
        let mut histogram = Histogram::new(Range { min: -1.0, max: 3.0 });
        histogram.observe([-1.0, -0.999, 0.0, 3.0, 100.0, -7.0]);
        assert_eq!(histogram.total(), 6, "values");
        let full: Vec<_> = histogram.bins().filter(|&(_, count)| count > 0).collect();
        let step = 4.0 / BINS as f64;
        let expected = [(-1.0 + step / 2.0, 3), (step / 2.0, 1), (3.0 - step / 2.0, 2)];
        assert_eq!(full.len(), 3, "{full:?}");
        for ((at, count), (middle, wanted)) in full.into_iter().zip(expected) {
            assert!((at - middle).abs() < 1e-12 && count == wanted, "{count} at {at}");
        }
    }

    #[test]
    fn a_range_of_nothing_takes_values() {
        let mut histogram = Histogram::new(Range::ZERO);
        histogram.observe([0.0, 0.0]);
        assert_eq!(histogram.total(), 2, "zeros");
    }
}
