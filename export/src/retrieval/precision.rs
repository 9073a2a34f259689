//! The average precision of one search, with the exact mean over the orders of ties.

/// Average precision of one search. `found` has the distance of each image, and whether the image is right. Images at
/// the same distance have no order, so the result is the exact mean over all their orders.
///
/// # Source
/// `McSherry` and Najork, "Computing Information Retrieval Performance Measures Efficiently in the Presence of
/// Tied Scores", 2008.
pub(super) fn average_precision(mut found: Vec<(u64, bool)>) -> f64 {
    found.sort_unstable_by_key(|&(distance, _)| distance);
    let total = found.iter().filter(|(_, right)| *right).count() as f64;
    let (mut before, mut right_before, mut sum) = (0.0, 0.0, 0.0);
    for tied in found.chunk_by(|(a, _), (b, _)| a == b) {
        let count = tied.len() as f64;
        let right = tied.iter().filter(|(_, right)| *right).count() as f64;
        if right > 0.0 {
            // Given that one of the tied images is right, each of the other tied images is right with this
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
    fn over_all_orders(found: &[(u64, bool)]) -> f64 {
        fn orders(rest: &[(u64, bool)], taken: &mut Vec<(u64, bool)>, all: &mut Vec<f64>) {
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
            let mut found: Vec<(u64, bool)> =
                (0..6).map(|_| (rng.pick::<u32>(0, 2).into(), rng.one_in(2))).collect();
            found[0].1 = true;
            let expected = over_all_orders(&found);
            let precision = average_precision(found.clone());
            assert!((precision - expected).abs() < 1e-12, "{found:?}: {precision}, {expected}");
        }
    }
}
