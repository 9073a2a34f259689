//! The nearest of an index and a region together, against a full sort.

use crate::script::{KIND, REGION, Values, blank};
use kit::index::{LIKENESSES, RandomIndex};
use kit::rng::Rng;
use runtime::search::{EnrolError, Enrolled, Fingerprint, Index, Likeness, Slot, Source};

/// The distance, in floats.
fn distance(a: &Fingerprint<'_>, b: &Fingerprint<'_>, likeness: Likeness) -> u32 {
    let square = |a: &[i8], b: &[i8]| -> f64 {
        a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    };
    let class = square(a.class.vector, b.class.vector);
    let appearance = square(a.appearance.vector, b.appearance.vector);
    (match likeness {
        Likeness::Class => class,
        Likeness::Appearance => appearance,
        Likeness::Mixed { class: weight } => {
            let weight = f64::from(weight);
            weight * class + (256.0 - weight) * appearance
        }
    }) as u32
}

#[test]
fn the_nearest_of_both_are_those_of_a_full_sort() {
    let rng = &mut Rng::new(4);
    let mut random = RandomIndex::new(5, 40, [3, 6]);
    random.network = KIND.network;
    let bytes = random.to_bytes();
    let index = Index::parse(&bytes).unwrap();
    let mut slots = [Slot::FREE; 11];
    let mut enrolled = Enrolled::open(blank::<4, 1>(), REGION, KIND, &mut slots).unwrap();
    let mut known: Vec<Values> = (0..8).map(|_| Values::random(rng, KIND.lengths)).collect();
    // Equal to entries of the index and to each other, for ties.
    for position in [3, 3, 20] {
        let Fingerprint { class, appearance, .. } = index.entry(position).unwrap().fingerprint;
        let codes = [class.code, appearance.code];
        known.push(Values {
            class: class.vector.to_vec(),
            appearance: appearance.vector.to_vec(),
            codes,
        });
    }
    for (label, values) in (100..).zip(&known) {
        enrolled.add(label, &values.fingerprint(KIND.network)).unwrap();
    }
    let queries: Vec<Values> = (0..8).map(|_| Values::random(rng, KIND.lengths)).collect();
    for query in queries.iter().chain(&known[8..]) {
        let seen = query.fingerprint(KIND.network);
        for likeness in LIKENESSES {
            let mut all = Vec::new();
            for position in 0..index.len() {
                let entry = index.entry(position).unwrap();
                let distance = distance(&seen, &entry.fingerprint, likeness);
                assert_eq!(seen.distance(&entry.fingerprint, likeness), Ok(distance), "distance");
                all.push((distance, Source::Index, entry.id, entry.label));
            }
            let added = all.len();
            for ((id, label), values) in (0..).zip(100..).zip(&known) {
                let distance = distance(&seen, &values.fingerprint(KIND.network), likeness);
                all.push((distance, Source::Enrolled, id, Some(label)));
            }
            let sorted = |mut all: Vec<_>| {
                all.sort();
                all.truncate(7);
                all
            };
            let mut found = |index| -> Vec<_> {
                let found = enrolled.nearest::<7>(index, &seen, likeness).unwrap();
                found.iter().map(|f| (f.distance, f.source, f.id, f.label)).collect()
            };
            assert_eq!(found(Some(&index)), sorted(all.clone()), "{likeness:?}, both");
            assert_eq!(found(None), sorted(all.split_off(added)), "{likeness:?}, region");
        }
    }
    let other = enrolled.nearest::<1>(None, &queries[0].fingerprint(1), Likeness::Class);
    assert!(matches!(other, Err(EnrolError::Search(_))), "another network: {other:?}");
}
