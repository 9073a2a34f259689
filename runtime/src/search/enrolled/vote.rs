//! The label that most of the nearest entries have.

use super::found::Found;

/// The label that most of the `nearest` entries have. Only entries with a distance of at most `threshold` count.
/// If two labels have equally many entries, it is the label of the nearer entry. `None`, for an unknown thing,
/// if no entry with a label is within the threshold.
///
/// `nearest` is in the order in which [`Enrolled::nearest`](super::Enrolled::nearest) returns it. A threshold is
/// valid for one [`Likeness`](crate::search::Likeness) only, because each has its own range of distances.
pub fn vote(nearest: &[Found], threshold: u32) -> Option<u16> {
    let near = nearest.iter().filter(|found| found.distance <= threshold);
    let labels = near.filter_map(|found| found.label);
    let mut most = 0;
    let mut elected = None;
    for label in labels.clone() {
        let votes = labels.clone().filter(|&other| other == label).count();
        if votes > most {
            (most, elected) = (votes, Some(label));
        }
    }
    elected
}

#[cfg(test)]
mod tests {
    use super::super::found::Source;
    use super::*;

    fn found(votes: &[(u16, u32)]) -> Vec<Found> {
        let one = |&(label, distance): &(u16, u32)| Found {
            source: Source::Enrolled,
            id: distance,
            label: Some(label),
            distance,
        };
        votes.iter().map(one).collect()
    }

    #[test]
    fn most_votes_win_and_the_nearer_of_equals() {
        assert_eq!(vote(&found(&[(1, 3), (2, 4), (2, 9)]), 9), Some(2), "two against one");
        assert_eq!(vote(&found(&[(3, 1), (2, 2), (2, 3), (3, 4)]), 9), Some(3), "the nearer");
    }

    #[test]
    fn what_is_beyond_the_threshold_does_not_vote() {
        let nearest = found(&[(1, 3), (2, 4), (2, 9)]);
        assert_eq!(vote(&nearest, 8), Some(1), "one each");
        assert_eq!(vote(&nearest, 2), None, "unknown");
        assert_eq!(vote(&[], u32::MAX), None, "nothing known");
        let unlabelled = [Found { label: None, ..nearest[0] }, nearest[1]];
        assert_eq!(vote(&unlabelled, 9), Some(2), "without a label, no vote");
    }
}
