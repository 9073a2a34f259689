//! Random indexes of fingerprints, and everything that a caller can do with one.

use crate::rng::Rng;
use runtime::Kernels;
use runtime::error::FormatError;
use runtime::format::{IndexEntries, PartEntries, write_index};
use runtime::search::{Index, Likeness};

/// Every kind of likeness, with weights at both ends and between.
pub const LIKENESSES: [Likeness; 5] = [
    Likeness::Class,
    Likeness::Appearance,
    Likeness::Mixed { class: 0 },
    Likeness::Mixed { class: 100 },
    Likeness::Mixed { class: u8::MAX },
];

/// An index before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RandomIndex {
    /// Checksum of the network's blob.
    pub network: u32,
    /// Ascending.
    pub ids: Vec<u32>,
    /// One for each entry.
    pub labels: Option<Vec<u16>>,
    /// Separated by newlines.
    pub label_names: String,
    /// Separated by newlines.
    pub names: String,
    /// Class parts.
    pub class: RandomParts,
    /// Appearance parts.
    pub appearance: RandomParts,
}

/// One part of every entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RandomParts {
    /// Values of a vector.
    pub dim: u8,
    /// `[entries, dim]`.
    pub vectors: Vec<i8>,
    /// `[entries]`.
    pub codes: Vec<u64>,
}

impl RandomParts {
    /// Parts of which many are equal or nearly so, so that distances tie.
    fn new(rng: &mut Rng, entries: usize, dim: u8) -> Self {
        let bound: i8 = [1, 20, i8::MAX][rng.pick::<u8>(0, 2) as usize];
        let values = entries * usize::from(dim);
        let vectors = (0..values).map(|_| rng.pick(-1 - bound.min(126), bound)).collect();
        let mask = if rng.one_in(2) { 0x7 } else { u64::MAX };
        Self { dim, vectors, codes: (0..entries).map(|_| rng.bits() & mask).collect() }
    }

    fn entries(&self) -> PartEntries<'_> {
        PartEntries { dim: self.dim, vectors: &self.vectors, codes: &self.codes }
    }
}

impl RandomIndex {
    /// An index that follows from `seed`, whose vectors have `class` and `appearance` values. It has labels
    /// and names if the seed is odd.
    pub fn new(seed: u64, entries: usize, [class, appearance]: [u8; 2]) -> Self {
        let rng = &mut Rng::new(seed);
        let mut id = 0;
        let mut next = || {
            id += rng.pick::<u32>(1, 9);
            id
        };
        let ids = (0..entries).map(|_| next()).collect();
        let named = seed % 2 == 1;
        let labels = (0..entries).map(|_| rng.pick(0, 2)).collect();
        let names: Vec<String> = (0..entries).map(|entry| format!("{entry}.png")).collect();
        Self {
            network: rng.pick(0, u32::MAX),
            ids,
            labels: named.then_some(labels),
            label_names: if named { "cat\ncup\ndog".into() } else { String::new() },
            names: if named { names.join("\n") } else { String::new() },
            class: RandomParts::new(rng, entries, class),
            appearance: RandomParts::new(rng, entries, appearance),
        }
    }

    /// The bytes of the index.
    ///
    /// # Panics
    /// If they are more than 4 GiB.
    pub fn to_bytes(&self) -> Vec<u8> {
        let entries = IndexEntries {
            network: self.network,
            ids: &self.ids,
            labels: self.labels.as_deref(),
            label_names: &self.label_names,
            names: &self.names,
            class: self.class.entries(),
            appearance: self.appearance.entries(),
        };
        let parts = self.class.vectors.len() + self.appearance.vectors.len();
        let room = 100 + parts + 32 * self.ids.len() + self.names.len() + self.label_names.len();
        let mut bytes = vec![0; room];
        let len = write_index(&entries, &mut bytes).expect("there is room");
        bytes.truncate(len);
        bytes
    }
}

/// Searches an index for some of its own entries, under every kernel set and every kind of likeness.
///
/// # Errors
/// If the reader refuses the index.
///
/// # Panics
/// If a search fails, or two kernel sets do not give the same answers.
pub fn search_all(bytes: &[u8]) -> Result<(), FormatError> {
    let index = Index::parse(bytes)?;
    assert!(index.entry(index.len()).is_none(), "one entry too many");
    let mut first = None;
    for kernels in Kernels::all() {
        let answers = search(&index.with_kernels(kernels));
        let first = first.get_or_insert_with(|| answers.clone());
        assert_eq!(&answers, first, "{kernels:?} differs from the scalar kernels");
    }
    Ok(())
}

/// The ids that are found for the first, the middle and the last entry.
fn search(index: &Index<'_>) -> Vec<u32> {
    let mut ids = Vec::new();
    for position in [0, index.len() / 2, index.len() - 1] {
        let entry = index.entry(position).expect("an entry of the index");
        let _ = entry.label.and_then(|label| index.label_name(label));
        for likeness in LIKENESSES {
            let seen = &entry.fingerprint;
            let all = index.nearest::<3>(seen, likeness).expect("its own fingerprint");
            let codes = index.nearest_by_codes::<3>(seen, likeness).expect("as above");
            let staged = index.nearest_in_two_stages::<4, 3>(seen, likeness).expect("as above");
            assert_eq!([&all, &codes].map(|found| found[0].distance), [0, 0], "equal to itself");
            for found in [all, codes, staged] {
                assert_eq!(found.len(), index.len().min(3), "answers");
                assert!(found.is_sorted_by_key(|n| (n.distance, n.position)), "{found:?}");
                ids.extend(found.iter().map(|neighbour| neighbour.id));
            }
        }
    }
    ids
}
