//! Searches in an index against a plain search that sorts all entries, in floats.

use kit::index::{LIKENESSES, RandomIndex, RandomParts};
use kit::rng::Rng;
use runtime::Kernels;
use runtime::search::{Fingerprint, Index, Likeness, Part, SearchError};

/// Entries around the number of entries that are computed together.
const ENTRIES: [usize; 9] = [1, 2, 15, 16, 17, 31, 32, 33, 100];
/// Lengths of the two vectors.
const DIMS: [[u8; 2]; 5] = [[1, 1], [32, 96], [3, 128], [128, 7], [17, 64]];
/// A second number is the order in the index.
type Found = Vec<(u32, u32)>;

/// Values for a fingerprint that is not in an index.
struct Query {
    vectors: [Vec<i8>; 2],
    codes: [u64; 2],
}

impl Query {
    fn new(seed: u64, dims: [u8; 2]) -> Self {
        let mut rng = Rng::new(seed);
        let vectors = dims.map(|dim| (0..dim).map(|_| rng.pick(i8::MIN, i8::MAX)).collect());
        Self { vectors, codes: [rng.bits(), rng.bits()] }
    }

    fn fingerprint(&self, network: u32) -> Fingerprint<'_> {
        let [class, appearance] =
            [0, 1].map(|part| Part { vector: &self.vectors[part], code: self.codes[part] });
        Fingerprint { network, class, appearance }
    }
}

/// Sums the distances of both parts by their weights, and sorts all entries.
fn sorted(
    index: &RandomIndex,
    likeness: Likeness,
    distance: impl Fn(usize, &RandomParts, usize) -> f64,
) -> Found {
    let (class, appearance) = match likeness {
        Likeness::Class => (1.0, 0.0),
        Likeness::Appearance => (0.0, 1.0),
        Likeness::Mixed { class } => (f64::from(class), 256.0 - f64::from(class)),
    };
    let mut all: Vec<(f64, u32)> = (0..index.ids.len())
        .map(|entry| {
            let of = |part, parts| distance(part, parts, entry);
            let sum = class * of(0, &index.class) + appearance * of(1, &index.appearance);
            (sum, index.ids[entry])
        })
        .collect();
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all.into_iter().map(|(distance, id)| (distance as u32, id)).collect()
}

fn squares(query: &Query, part: usize, parts: &RandomParts, entry: usize) -> f64 {
    let dim = usize::from(parts.dim);
    let vector = &parts.vectors[entry * dim..][..dim];
    let values = query.vectors[part].iter().zip(vector);
    values.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
}

fn bits(query: &Query, part: usize, parts: &RandomParts, entry: usize) -> f64 {
    (0..64).filter(|bit| (query.codes[part] ^ parts.codes[entry]) >> bit & 1 == 1).count() as f64
}

fn found(neighbours: &[runtime::search::Neighbour]) -> Found {
    neighbours.iter().map(|neighbour| (neighbour.distance, neighbour.id)).collect()
}

#[test]
fn the_nearest_are_those_of_a_full_sort_under_every_kernel_set() {
    for (seed, entries) in (0..).zip(ENTRIES) {
        for dims in DIMS {
            let random = RandomIndex::new(seed, entries, dims);
            let bytes = random.to_bytes();
            let query = Query::new(seed ^ 77, dims);
            let seen = query.fingerprint(random.network);
            for kernels in Kernels::all() {
                let index = Index::parse(&bytes).unwrap().with_kernels(kernels);
                for likeness in LIKENESSES {
                    let what = format!("{entries} entries of {dims:?}, {likeness:?}, {kernels:?}");
                    let by_vectors =
                        sorted(&random, likeness, |part, parts, i| squares(&query, part, parts, i));
                    let by_codes =
                        sorted(&random, likeness, |part, parts, i| bits(&query, part, parts, i));
                    let five = index.nearest::<5>(&seen, likeness).unwrap();
                    assert_eq!(found(&five), by_vectors[..5.min(entries)], "{what}");
                    let all = index.nearest::<100>(&seen, likeness).unwrap();
                    assert_eq!(found(&all), by_vectors, "{what}");
                    let five = index.nearest_by_codes::<5>(&seen, likeness).unwrap();
                    assert_eq!(found(&five), by_codes[..5.min(entries)], "{what}, codes");
                    let staged = index.nearest_in_two_stages::<20, 5>(&seen, likeness).unwrap();
                    let candidates = &by_codes[..20.min(entries)];
                    let mut expected = by_vectors;
                    expected.retain(|(_, id)| candidates.iter().any(|(_, other)| other == id));
                    expected.truncate(5);
                    assert_eq!(found(&staged), expected, "{what}, two stages");
                }
            }
        }
    }
}

#[test]
fn the_farthest_vectors_have_the_largest_distance() {
    let parts = |value| RandomParts { dim: 128, vectors: vec![value; 128], codes: vec![0] };
    let mut random = RandomIndex::new(0, 1, [128, 128]);
    (random.class, random.appearance) = (parts(127), parts(127));
    let bytes = random.to_bytes();
    let query = Query { vectors: [vec![-128; 128], vec![-128; 128]], codes: [u64::MAX; 2] };
    let seen = query.fingerprint(random.network);
    for kernels in Kernels::all() {
        let index = Index::parse(&bytes).unwrap().with_kernels(kernels);
        let distance = |likeness| index.nearest::<1>(&seen, likeness).unwrap()[0].distance;
        assert_eq!(distance(Likeness::Class), 128 * 255 * 255, "{kernels:?}");
        let mixed = distance(Likeness::Mixed { class: 100 });
        assert_eq!(mixed, 256 * 128 * 255 * 255, "{kernels:?}, mixed");
    }
}

#[test]
fn a_fingerprint_of_another_network_or_length_is_refused() {
    let random = RandomIndex::new(3, 20, [8, 16]);
    let bytes = random.to_bytes();
    let index = Index::parse(&bytes).unwrap();
    let query = Query::new(1, [8, 16]);
    let other = random.network ^ 1;
    let error = SearchError::Network { found: other, expected: random.network };
    for (dims, network, error) in [
        ([8, 16], other, error),
        ([7, 16], random.network, SearchError::Length { part: "class", found: 7, expected: 8 }),
        (
            [8, 17],
            random.network,
            SearchError::Length { part: "appearance", found: 17, expected: 16 },
        ),
    ] {
        let query = Query::new(1, dims);
        let seen = query.fingerprint(network);
        assert_eq!(index.nearest::<1>(&seen, Likeness::Class), Err(error), "vectors");
        assert_eq!(index.nearest_by_codes::<1>(&seen, Likeness::Class), Err(error), "codes");
        let staged = index.nearest_in_two_stages::<1, 1>(&seen, Likeness::Class);
        assert_eq!(staged, Err(error), "two stages");
        assert!(!error.to_string().is_empty(), "{error:?} has an empty message");
    }
    assert!(index.nearest::<1>(&query.fingerprint(index.network()), Likeness::Class).is_ok());
}

#[test]
fn entries_are_as_they_were_written() {
    for seed in [6, 7] {
        let random = RandomIndex::new(seed, 40, [5, 9]);
        let bytes = random.to_bytes();
        let index = Index::parse(&bytes).unwrap();
        assert_eq!((index.len(), index.network()), (40, random.network), "seed {seed}");
        for position in 0..40 {
            let entry = index.entry(position).unwrap();
            assert_eq!(entry.id, random.ids[position], "id");
            assert_eq!(entry.label, random.labels.as_ref().map(|labels| labels[position]), "label");
            let label = entry.label.map(|label| ["cat", "cup", "dog"][usize::from(label)]);
            assert_eq!(
                entry.label.and_then(|label| index.label_name(label)),
                label,
                "label's name"
            );
            let name = format!("{position}.png");
            assert_eq!(entry.name, (seed == 7).then_some(name.as_str()), "name");
            let Fingerprint { network, class, appearance } = entry.fingerprint;
            assert_eq!(network, random.network, "network");
            for (part, of) in [(class, &random.class), (appearance, &random.appearance)] {
                let dim = usize::from(of.dim);
                assert_eq!(part.vector, &of.vectors[position * dim..][..dim], "vector");
                assert_eq!(part.code, of.codes[position], "code");
            }
        }
        assert_eq!((index.entry(40), index.label_name(3)), (None, None), "one too many");
    }
}
