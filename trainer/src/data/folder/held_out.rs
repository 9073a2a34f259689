//! Chooses the test pictures, if they have no folder of their own.
//!
//! Only the bytes of a file decide. So a test picture stays one when other pictures are added, removed or
//! renamed, and its copies are test pictures too. A hash of class and name was rejected, because a renamed
//! or copied file could change from training to test.

use std::collections::BTreeMap;

/// A tenth of all digests are below this limit.
const LIMIT: u64 = u64::MAX / 10;
/// Number of pictures of each class that stay in training, if the class has more: one to train on, one to
/// choose an epoch by.
const LEAST_TRAINED: usize = 2;

/// For each picture, by class and digest, whether it is a test picture.
///
/// If no digest of a class is below the limit, the picture with the lowest one is the test picture. If
/// fewer than two pictures would be left for training, those with the highest digests stay in training.
pub(super) fn chosen(pictures: &[(u16, u64)]) -> Vec<bool> {
    let mut classes = BTreeMap::<u16, Vec<u64>>::new();
    for &(class, digest) in pictures {
        classes.entry(class).or_default().push(digest);
    }
    let limits = classes.into_iter().map(|(class, digests)| (class, limit(digests)));
    let limits = limits.collect::<BTreeMap<_, _>>();
    pictures.iter().map(|(class, digest)| *digest <= limits[class]).collect()
}

/// The highest digest of a class's test pictures.
fn limit(mut digests: Vec<u64>) -> u64 {
    digests.sort_unstable();
    let below = digests.partition_point(|&digest| digest < LIMIT);
    let most = digests.len().saturating_sub(LEAST_TRAINED).max(1);
    digests[below.clamp(1, most) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_a_tenth_tests_and_the_lowest_of_a_small_class() {
        let digest = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let many: Vec<_> = (0..10_000).map(|i| (0, digest(i))).collect();
        let count = chosen(&many).iter().filter(|&&test| test).count();
        assert!((950..1050).contains(&count), "{count} of 10,000");
        let high = u64::MAX / 2;
        let few = [(0, high + 2), (1, 5), (0, high + 1), (1, 7), (1, 6), (0, high + 3), (1, 4)];
        let expected = [false, true, true, false, false, false, true];
        assert_eq!(chosen(&few), expected, "lowest of class 0; two of class 1 train");
    }

    #[test]
    fn a_new_picture_moves_no_other_one() {
        let digest = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let pictures: Vec<_> = (1..100).map(|i| (i as u16 % 3, digest(i))).collect();
        let before = chosen(&pictures);
        assert!(
            (0..3).all(|class| {
                pictures.iter().any(|(own, digest)| *own == class && *digest < LIMIT)
            }),
            "no class needs its lowest digest"
        );
        for added in 100..160 {
            for class in 0..3 {
                let after = chosen(&[&pictures[..], &[(class, digest(added))]].concat());
                assert_eq!(after[..99], before, "picture {added} in class {class}");
            }
        }
        assert_eq!(chosen(&pictures[1..]), before[1..], "one removed");
    }

    #[test]
    fn copies_are_in_the_same_part() {
        let high = u64::MAX / 2;
        let found = chosen(&[(0, high), (0, high + 1), (0, high), (0, high + 2)]);
        assert_eq!(found, [true, false, true, false], "the lowest and its copy");
    }
}
