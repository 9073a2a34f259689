//! How well a search finds images of the class that is searched for.

use crate::index::Entry;
use rayon::prelude::*;

/// How two images are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// Vectors of the class part.
    Class,
    /// Codes of the class part.
    ClassCode,
    /// Vectors of the appearance part.
    Appearance,
    /// Codes of the appearance part.
    AppearanceCode,
    /// Both vectors, with the weights that the query gives.
    Default,
}

impl Compared {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Class, Self::ClassCode, Self::Appearance, Self::AppearanceCode, Self::Default];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Class => "class, int8",
            Self::ClassCode => "class, 64 bits",
            Self::Appearance => "appearance, int8",
            Self::AppearanceCode => "appearance, 64 bits",
            Self::Default => "default mixture, int8",
        }
    }

    /// The distance of an image from the query, as `INTEGER.md` defines it.
    fn distance(self, query: &Entry, entry: &Entry) -> u32 {
        match self {
            Self::Class => square(&query.class.0, &entry.class.0),
            Self::ClassCode => (query.class.1 ^ entry.class.1).count_ones(),
            Self::Appearance => square(&query.appearance.0, &entry.appearance.0),
            Self::AppearanceCode => (query.appearance.1 ^ entry.appearance.1).count_ones(),
            Self::Default => {
                let class = u32::from(query.class_weight);
                class * square(&query.class.0, &entry.class.0)
                    + (256 - class) * square(&query.appearance.0, &entry.appearance.0)
            }
        }
    }
}

fn square(a: &[i8], b: &[i8]) -> u32 {
    a.iter().zip(b).map(|(&a, &b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// Mean average precision of queries over a whole database. Queries and database have entries and labels. A
/// found image is right if it has the label of the query. `progress` counts queries.
pub fn mean_average_precision(
    compared: Compared,
    (queries, query_labels): (&[Entry], &[u16]),
    (database, labels): (&[Entry], &[u16]),
    progress: impl Fn(usize) + Sync,
) -> f64 {
    let precision = |(query, &wanted): (&Entry, &u16)| {
        let found = database.iter().zip(labels);
        let found = found.map(|(entry, &label)| (compared.distance(query, entry), label == wanted));
        let precision = average_precision(found.collect());
        progress(1);
        precision
    };
    let sum: f64 = queries.par_iter().zip(query_labels).map(precision).sum();
    sum / queries.len() as f64
}

/// Average precision of found images: the distance of each, and whether it is right. Images at the same
/// distance have no order, so the result is the exact mean over all their orders.
///
/// # Source
/// `McSherry` and Najork, "Computing Information Retrieval Performance Measures Efficiently in the Presence of
/// Tied Scores", 2008.
fn average_precision(mut found: Vec<(u32, bool)>) -> f64 {
    found.sort_unstable_by_key(|&(distance, _)| distance);
    let total = found.iter().filter(|(_, right)| *right).count() as f64;
    let (mut before, mut right_before, mut sum) = (0.0, 0.0, 0.0);
    for tied in found.chunk_by(|(a, _), (b, _)| a == b) {
        let count = tied.len() as f64;
        let right = tied.iter().filter(|(_, right)| *right).count() as f64;
        if right > 0.0 {
            // If the image at one place of the tied images is right, each of the others is right with this
            // probability.
            let others = if count > 1.0 { (right - 1.0) / (count - 1.0) } else { 0.0 };
            let at = |place: usize| {
                let place = place as f64;
                (right_before + 1.0 + others * place) / (before + 1.0 + place)
            };
            sum += right / count * (0..tied.len()).map(at).sum::<f64>();
        }
        before += count;
        right_before += right;
    }
    sum / total.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_without_ties_is_the_textbook_one() {
        let found = vec![(3, true), (1, true), (2, false), (9, false)];
        assert!((average_precision(found) - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(average_precision(vec![(1, false)]), 0.0, "nothing is right");
    }

    /// The mean over all orders of up to six tied images.
    fn over_all_orders(found: &[(u32, bool)]) -> f64 {
        fn orders(rest: &[(u32, bool)], taken: &mut Vec<(u32, bool)>, all: &mut Vec<f64>) {
            if rest.is_empty() {
                let (mut right, mut sum) = (0.0, 0.0);
                for (place, _) in taken.iter().enumerate().filter(|(_, found)| found.1) {
                    right += 1.0;
                    sum += right / (place + 1) as f64;
                }
                all.push(sum / right);
                return;
            }
            let least = rest.iter().map(|found| found.0).min();
            for (index, next) in rest.iter().enumerate().filter(|(_, next)| Some(next.0) == least) {
                taken.push(*next);
                orders(&[&rest[..index], &rest[index + 1..]].concat(), taken, all);
                taken.pop();
            }
        }
        let mut all = Vec::new();
        orders(found, &mut Vec::new(), &mut all);
        all.iter().sum::<f64>() / all.len() as f64
    }

    #[test]
    fn precision_with_ties_is_the_mean_over_all_orders() {
        let mut rng = kit::rng::Rng::new(3);
        for _ in 0..200 {
            let mut found: Vec<(u32, bool)> =
                (0..6).map(|_| (rng.pick::<u32>(0, 2), rng.one_in(2))).collect();
            found[0].1 = true;
            let expected = over_all_orders(&found);
            let precision = average_precision(found.clone());
            assert!((precision - expected).abs() < 1e-12, "{found:?}: {precision}, {expected}");
        }
    }
}
