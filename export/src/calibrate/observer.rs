//! From the values seen at a site to the range that its integers cover.

use super::histogram::Histogram;
use clap::ValueEnum;
use serde::Serialize;
use trainer::quantize::Range;

/// Share of the values that [`Observer::Percentile`] does not cut off at one end.
const KEPT: f64 = 0.9999;
/// Number of equal steps in which [`Observer::Mse`] moves each end: from the whole range to a quarter.
const CUTS: usize = 60;
/// Number of levels of a stored value, minus one.
const STEPS: f64 = 255.0;

/// How the range of a site is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Observer {
    /// From the smallest to the largest value. No value is cut off.
    #[value(name = "minmax")]
    MinMax,
    /// At each end, 0.01 % of the values are cut off.
    Percentile,
    /// The range with the smallest mean square error, counting both rounding and cutting off.
    #[default]
    Mse,
    /// Starts from mse. Then widens or narrows each range as long as this brings the integer network closer
    /// to the float network at the block's output. The most exact, but slow.
    Search,
}

impl Observer {
    /// The range for the values of a site.
    pub(super) fn choose(self, values: &Histogram) -> Range {
        match self {
            Self::MinMax => values.range(),
            Self::Percentile => percentile(values),
            Self::Mse | Self::Search => least_square(values),
        }
    }
}

fn percentile(values: &Histogram) -> Range {
    let allowed = (values.total() as f64 * (1.0 - KEPT)) as u64;
    let mut left = allowed;
    let mut inside = |&(_, count): &(f64, u64)| {
        let cut = count <= left;
        left -= if cut { count } else { left };
        !cut
    };
    let low = values.bins().find(|bin| inside(bin));
    left = allowed;
    let mut inside = |&(_, count): &(f64, u64)| {
        let cut = count <= left;
        left -= if cut { count } else { left };
        !cut
    };
    let high = values.bins().rev().find(|bin| inside(bin));
    let range = values.range();
    Range {
        min: low.map_or(range.min, |(at, _)| at.max(range.min).min(0.0)),
        max: high.map_or(range.max, |(at, _)| at.min(range.max).max(0.0)),
    }
}

/// Cuts one end, then the other, then both again. Each cut is the best one for the current other end.
fn least_square(values: &Histogram) -> Range {
    let bins: Vec<_> = values.bins().filter(|&(_, count)| count > 0).collect();
    let whole = values.range();
    let mut best = whole;
    for end in [0, 1, 0, 1] {
        let cut = |index: usize| {
            let share = 1.0 - 0.75 * index as f64 / CUTS as f64;
            match end {
                0 => Range { min: whole.min * share, ..best },
                _ => Range { max: whole.max * share, ..best },
            }
        };
        let candidates = (0..=CUTS).map(cut).map(|range| (square(&bins, range), range));
        let minimum = candidates.min_by(|(a, _), (b, _)| a.total_cmp(b));
        best = minimum.map_or(best, |(_, range)| range);
    }
    best
}

/// Sum of squared errors: a uniform step inside, the distance to the end outside.
fn square(bins: &[(f64, u64)], range: Range) -> f64 {
    let step = (range.max - range.min) / STEPS;
    let error = |value: f64| {
        let outside = (value - range.max).max(range.min - value).max(0.0);
        if outside > 0.0 { outside * outside } else { step * step / 12.0 }
    };
    bins.iter().map(|&(value, count)| count as f64 * error(value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: &[f32]) -> Histogram {
        let mut range = Range::ZERO;
        range.observe(values.iter().copied());
        let mut histogram = Histogram::new(range);
        histogram.observe(values.iter().copied());
        histogram
    }

    /// A hundred thousand values between −1 and 1, and one far outside.
    fn with_an_outlier() -> Histogram {
        let mut values: Vec<f32> = (0..100_000).map(|i| i as f32 / 50_000.0 - 1.0).collect();
        values.push(20.0);
        histogram(&values)
    }

    #[test]
    fn min_max_keeps_everything() {
        let range = Observer::MinMax.choose(&with_an_outlier());
        assert_eq!(range, Range { min: -1.0, max: 20.0 }, "range");
    }

    #[test]
    fn a_percentile_leaves_an_outlier_out() {
        let range = Observer::Percentile.choose(&with_an_outlier());
        assert!(range.max < 1.1 && range.max > 0.9, "{range:?}");
        assert!(range.min > -1.01 && range.min < -0.98, "{range:?}");
    }

    #[test]
    fn the_least_square_weighs_an_outlier_against_the_rest() {
        let values = with_an_outlier();
        let (range, bins) = (Observer::Mse.choose(&values), values.bins().collect::<Vec<_>>());
        assert!(range.max < 19.0, "one value of many is not worth the coarse steps: {range:?}");
        for other in [Observer::MinMax, Observer::Percentile] {
            let other = other.choose(&values);
            assert!(square(&bins, range) < square(&bins, other), "{range:?} against {other:?}");
        }
        let even: Vec<f32> = (0..10_000).map(|i| i as f32 / 5_000.0 - 1.0).collect();
        let range = Observer::Mse.choose(&histogram(&even));
        assert!(range.max > 0.97 && range.min < -0.97, "nothing is gained by cutting: {range:?}");
    }

    #[test]
    fn zero_stays_inside() {
        let positive: Vec<f32> = (0..10_000).map(|i| 5.0 + i as f32 / 10_000.0).collect();
        for observer in Observer::value_variants() {
            let range = observer.choose(&histogram(&positive));
            assert!(range.min <= 0.0 && range.max >= 0.0, "{observer:?}: {range:?}");
        }
    }
}
