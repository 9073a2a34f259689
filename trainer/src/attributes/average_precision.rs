//! Average precision of a ranking.

/// The mean, over all images that have an attribute, of the precision among the images with at least the same
/// score. `None` unless some images have the attribute and others do not.
///
/// Images with equal scores have one place in the ranking, so their order does not matter.
pub(super) fn average_precision(ranked: impl Iterator<Item = (f64, bool)>) -> Option<f64> {
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let present = ranked.iter().filter(|(_, present)| *present).count();
    if present == 0 || present == ranked.len() {
        return None;
    }
    let (mut sum, mut seen, mut hits) = (0.0, 0, 0);
    for equal in ranked.chunk_by(|a, b| a.0 == b.0) {
        let more = equal.iter().filter(|(_, present)| *present).count();
        seen += equal.len();
        hits += more;
        sum += more as f64 * hits as f64 / seen as f64;
    }
    Some(sum / present as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ranking: &[(f64, bool)]) -> Option<f64> {
        average_precision(ranking.iter().copied())
    }

    #[test]
    fn rankings_by_hand() {
        assert_eq!(of(&[(3.0, true), (2.0, true), (1.0, false)]), Some(1.0), "perfect");
        let found = of(&[(1.0, true), (2.0, false), (3.0, true)]).unwrap();
        assert!(
            (found - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12,
            "the second hit is third: {found}"
        );
        assert_eq!(of(&[(1.0, true), (1.0, false)]), Some(0.5), "equal scores");
        assert_eq!(of(&[(1.0, false), (1.0, true)]), Some(0.5), "in any order");
        assert_eq!(of(&[(1.0, true)]), None, "nothing to tell apart");
        assert_eq!(of(&[(1.0, false)]), None, "nothing to find");
    }
}
