//! The scan of a large index, on one thread, beside the exact search of usearch.
//!
//! usearch is compiled only with the feature `usearch`, because it needs a C++ compiler. The search needs no network, so
//! burn can be left out: `cargo bench -p benches --no-default-features --features usearch --bench search`. Both programs
//! look for the ten nearest among the same random entries, and must find the same distances.

use benches::summary::{self, Row};
use criterion::{Criterion, Throughput};
use kit::index::{RandomIndex, RandomParts};
use kit::rng::Rng;
use runtime::Kernels;
use runtime::search::{Index, Likeness, Neighbour};
use std::hint::black_box;
use std::time::SystemTime;

/// Entries of the index: as many images as CIFAR-10 has.
const ENTRIES: usize = 60_000;
/// Values of the vectors of both parts, as `export descriptor` makes them.
const LENGTHS: [u8; 2] = [32, 96];
/// Neighbours that are looked for.
const FOUND: usize = 10;
/// Decides all values.
const SEED: u64 = 2;
/// What the appearance parts are compared by, as in the groups of Criterion.
const CODES: &str = "search by 64 bits";
const VECTORS: &str = "search by 96 values";

/// The results of a search.
type Found = heapless::Vec<Neighbour, FOUND>;

fn main() {
    let start = SystemTime::now();
    let mut criterion = benches::criterion();
    let (known, query) = (random(SEED, ENTRIES), random(SEED + 1, 1));
    let [known_bytes, query_bytes] = [&known, &query].map(RandomIndex::to_bytes);
    let parse = |bytes| Index::parse(bytes).expect("an index that was just written");
    let (index, query_index) = (parse(&known_bytes), parse(&query_bytes));
    let seen = query_index.entry(0).expect("its only entry").fingerprint;
    let codes = |index: &Index<'_>| index.nearest_by_codes(&seen, Likeness::Appearance);
    let vectors = |index: &Index<'_>| index.nearest(&seen, Likeness::Appearance);
    let mixed = |index: &Index<'_>| index.nearest(&seen, Likeness::Mixed { class: 100 });

    let mut rows = Vec::new();
    let mut each_set = |name, search: &dyn Fn(&Index<'_>) -> Found| {
        each_set(&mut criterion, name, &index, search, &mut rows)
    };
    let by_codes = each_set(CODES, &|index| codes(index).expect("a query of this network"));
    let by_vectors = each_set(VECTORS, &|index| vectors(index).expect("as above"));
    each_set("search by 32 and 96 values", &|index| mixed(index).expect("as above"));
    #[cfg(feature = "usearch")]
    {
        let (known, query) = (&known.appearance, &query.appearance);
        peer::time_codes(&mut criterion, known, query, &by_codes, &mut rows);
        peer::time_vectors(&mut criterion, known, query, &by_vectors, &mut rows);
    }
    #[cfg(not(feature = "usearch"))]
    let _ = (by_codes, by_vectors);
    criterion.final_summary();
    summary::print_entries(&rows, start);
}

/// An index whose values use the whole range of their types, so that few distances are equal.
fn random(seed: u64, entries: usize) -> RandomIndex {
    let mut index = RandomIndex::new(seed, entries, LENGTHS);
    index.network = 1;
    let mut rng = Rng::new(seed);
    for RandomParts { vectors, codes, .. } in [&mut index.class, &mut index.appearance] {
        vectors.fill_with(|| rng.pick(i8::MIN, i8::MAX));
        codes.fill_with(|| rng.bits());
    }
    index
}

/// Times a search with every kernel set. All sets must return the same.
fn each_set(
    criterion: &mut Criterion,
    name: &str,
    index: &Index<'_>,
    search: &dyn Fn(&Index<'_>) -> Found,
    rows: &mut Vec<(Row, usize)>,
) -> Found {
    let expected = search(index);
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(ENTRIES as u64));
    for kernels in Kernels::all() {
        let index = index.with_kernels(kernels);
        assert_eq!(search(&index), expected, "{} kernels", kernels.name);
        group.bench_function(kernels.name, |bencher| bencher.iter(|| search(black_box(&index))));
        rows.push((Row { group: name.into(), benchmark: kernels.name.into() }, ENTRIES));
    }
    group.finish();
    expected
}

/// The exact search of usearch.
#[cfg(feature = "usearch")]
mod peer {
    use super::{CODES, ENTRIES, FOUND, Found, VECTORS};
    use benches::summary::Row;
    use criterion::Criterion;
    use kit::index::RandomParts;
    use std::hint::black_box;
    use usearch::{Index, IndexOptions, MetricKind, ScalarKind, VectorType, b1x8};

    pub(super) fn time_codes(
        criterion: &mut Criterion,
        known: &RandomParts,
        query: &RandomParts,
        expected: &Found,
        rows: &mut Vec<(Row, usize)>,
    ) {
        let kind = (MetricKind::Hamming, ScalarKind::B1, 64);
        let codes = known.codes.iter().map(|code| code.to_le_bytes());
        let codes: Vec<_> = codes.collect();
        let codes = codes.iter().map(|code| b1x8::from_u8s(code));
        let query = query.codes[0].to_le_bytes();
        time(criterion, CODES, kind, codes, b1x8::from_u8s(&query), expected, rows);
    }

    pub(super) fn time_vectors(
        criterion: &mut Criterion,
        known: &RandomParts,
        query: &RandomParts,
        expected: &Found,
        rows: &mut Vec<(Row, usize)>,
    ) {
        let dim = known.dim.into();
        let kind = (MetricKind::L2sq, ScalarKind::I8, dim);
        let vectors = known.vectors.chunks_exact(dim);
        time(criterion, VECTORS, kind, vectors, &query.vectors, expected, rows);
    }

    /// Times the search for `query`, after its distances were found equal to the `expected` ones.
    fn time<'a, T: VectorType + 'a>(
        criterion: &mut Criterion,
        name: &str,
        (metric, quantization, dimensions): (MetricKind, ScalarKind, usize),
        entries: impl Iterator<Item = &'a [T]>,
        query: &[T],
        expected: &Found,
        rows: &mut Vec<(Row, usize)>,
    ) {
        // A poor graph is built fast, and the exact search does not use it.
        let options = IndexOptions {
            dimensions,
            metric,
            quantization,
            connectivity: 2,
            expansion_add: 1,
            ..IndexOptions::default()
        };
        let index = Index::new(&options).expect("a kind of index that usearch has");
        index.reserve(ENTRIES).expect("memory");
        for (key, entry) in entries.enumerate() {
            index.add(key as u64, entry).expect("a new entry");
        }
        let search = || index.exact_search(black_box(query), FOUND).expect("an exact search");
        let found = search().distances;
        let same = found.iter().zip(expected).all(|(found, own)| *found == own.distance as f32);
        assert!(same && found.len() == expected.len(), "{found:?} are not those of {expected:?}");
        let mut group = criterion.benchmark_group(name);
        group.bench_function("usearch", |bencher| bencher.iter(search));
        group.finish();
        rows.push((Row { group: name.into(), benchmark: "usearch".into() }, ENTRIES));
    }
}
