//! An index that was uploaded ranks as [`runtime::search`] does: in the engine of one process behind the protocol of
//! the server, and in a server, if `OCELLI_QDRANT` has its address.

use kit::index::{LIKENESSES, RandomIndex, RandomParts};
use kit::rng::Rng;
use qdrant::{Compared, Server, query, upload};
use qdrant_client::Qdrant;
use qdrant_client::qdrant::ScoredPoint;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_rankings::served::{KEY, serve};
use runtime::search::{Entry, Fingerprint, Index, Likeness, Neighbour};
use std::cell::Cell;
use std::io::Write;
use tokio::runtime::Runtime;

/// More than one request has.
const ENTRIES: usize = 900;
const FOUND: usize = 20;
/// Qdrant takes the squares of square roots in f32 for a mixture of vectors. Each score is then off by less than three
/// units of 2^-24 of itself.
const ROUNDING: f64 = 3.0 / (1 << 24) as f64;

/// What a search of Qdrant must return.
struct Expected<'s> {
    /// Our neighbours, at least as many as are found.
    ours: &'s [Neighbour],
    /// The distance of an entry.
    distance: &'s dyn Fn(&Entry<'_>) -> u32,
    /// The score for a distance.
    score: &'s dyn Fn(f64) -> f64,
    /// How far a score may be off, relative to itself.
    rounding: f64,
    context: String,
}

/// A collection of a server, and the index that was uploaded.
struct Uploaded<'a> {
    runtime: Runtime,
    client: Qdrant,
    name: &'a str,
    index: Index<'a>,
}

#[test]
fn an_upload_ranks_as_the_index() {
    let server = Server { url: serve(), api_key: Some(KEY.into()) };
    check(&server, "ocelli-test");
}

#[test]
fn a_server_ranks_as_the_index() {
    let Ok(url) = std::env::var("OCELLI_QDRANT") else {
        // Not eprintln!, whose output the test harness captures.
        let notice = "SKIPPED a_server_ranks_as_the_index: set OCELLI_QDRANT to the address of a Qdrant server, such \
                      as http://localhost:6334\n";
        return std::io::stderr().write_all(notice.as_bytes()).unwrap();
    };
    let api_key = std::env::var("QDRANT_API_KEY").ok();
    check(&Server { url, api_key }, &format!("ocelli-test-{}", std::process::id()));
}

/// Uploads indexes and compares what is found with what the index finds.
fn check(server: &Server, name: &str) {
    // Indexes of even and odd seeds: without and with labels and names. Few values, so that many distances are equal.
    let mut indexes: Vec<RandomIndex> =
        (0..4).map(|seed| RandomIndex::new(seed, ENTRIES, [32, 96])).collect();
    indexes.push(RandomIndex::new(1, 1, [1, 128]));
    indexes.push(wide(5, [128, 128]));
    for (number, random) in indexes.iter().enumerate() {
        let bytes = random.to_bytes();
        let index = Index::parse(&bytes).unwrap();
        let sent = Cell::new(0);
        let progress = |count| sent.set(sent.get() + count);
        upload(&index, server, name, number > 0, progress).unwrap();
        assert_eq!(sent.get(), index.len(), "progress");
        let uploaded = Uploaded::new(server, name, index);
        // An entry, and an image that is not in the index.
        let other = RandomIndex {
            network: random.network,
            ..wide(9, [random.class.dim, random.appearance.dim])
        };
        let other = other.to_bytes();
        let other = Index::parse(&other).unwrap().entry(0).unwrap().fingerprint;
        for seen in [index.entry(index.len() / 2).unwrap().fingerprint, other] {
            for likeness in LIKENESSES {
                uploaded.compare(&seen, likeness);
            }
        }
    }
    let bytes = indexes[0].to_bytes();
    let uploaded = Uploaded::new(server, name, Index::parse(&bytes).unwrap());
    uploaded.runtime.block_on(uploaded.client.delete_collection(name)).unwrap();
}

/// An index whose values use the whole range of their types.
fn wide(seed: u64, lengths: [u8; 2]) -> RandomIndex {
    let mut index = RandomIndex::new(seed, ENTRIES, lengths);
    let mut rng = Rng::new(seed);
    for RandomParts { vectors, codes, .. } in [&mut index.class, &mut index.appearance] {
        vectors.fill_with(|| rng.pick(i8::MIN, i8::MAX));
        codes.fill_with(|| rng.bits());
    }
    index
}

impl<'a> Uploaded<'a> {
    fn new(server: &Server, name: &'a str, index: Index<'a>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = Qdrant::from_url(&server.url).api_key(server.api_key.clone());
        let client = client.skip_compatibility_check().build().unwrap();
        Self { runtime, client, name, index }
    }

    fn find(
        &self,
        seen: &Fingerprint<'_>,
        likeness: Likeness,
        compared: Compared,
    ) -> Vec<ScoredPoint> {
        let request =
            query(self.name, seen, likeness, compared, FOUND as u64, self.index.len() as u64);
        self.runtime.block_on(self.client.query(request)).unwrap().result
    }

    fn compare(&self, seen: &Fingerprint<'_>, likeness: Likeness) {
        let context = |what| format!("{what}, {likeness:?}, {} entries", self.index.len());
        let codes = self.index.nearest_by_codes::<ENTRIES>(seen, likeness).unwrap();
        let weights = if let Likeness::Mixed { .. } = likeness { 256.0 } else { 1.0 };
        let expected = Expected {
            ours: &codes,
            distance: &|entry| by_codes(seen, &entry.fingerprint, likeness),
            score: &|distance| 64.0 * weights - 2.0 * distance,
            rounding: 0.0,
            context: context("codes"),
        };
        self.check(&expected, &self.find(seen, likeness, Compared::Codes));

        let mixed = matches!(likeness, Likeness::Mixed { .. });
        let vectors = self.index.nearest::<FOUND>(seen, likeness).unwrap();
        let expected = Expected {
            ours: &vectors,
            distance: &|entry| entry.fingerprint.distance(seen, likeness).unwrap(),
            score: &|distance| if mixed { -distance } else { (distance as f32).sqrt().into() },
            rounding: if mixed { ROUNDING } else { 0.0 },
            context: context("vectors"),
        };
        self.check(&expected, &self.find(seen, likeness, Compared::Vectors));

        // It is not defined which of several entries at one distance are candidates: here all of them are, or none.
        let tied = |pair: &[Neighbour]| pair[0].distance == pair[1].distance;
        let untied = |&candidates: &usize| !tied(&codes[candidates - 1..=candidates]);
        let Some(candidates) = (100..codes.len()).find(untied) else { return };
        let mut staged: Vec<Neighbour> = codes[..candidates].to_vec();
        for neighbour in &mut staged {
            let entry = self.index.entry(neighbour.position).unwrap();
            neighbour.distance = (expected.distance)(&entry);
        }
        staged.sort_by_key(|neighbour| (neighbour.distance, neighbour.position));
        if candidates == 100 {
            let own = self.index.nearest_in_two_stages::<100, FOUND>(seen, likeness).unwrap();
            assert_eq!(own[..], staged[..FOUND], "what two stages are");
        }
        let expected = Expected { ours: &staged, context: context("two stages"), ..expected };
        let compared = Compared::TwoStages { candidates: candidates as u64 };
        self.check(&expected, &self.find(seen, likeness, compared));
    }

    /// Asserts that Qdrant found entries at the distances of our neighbours, in this order. Then they are the same
    /// entries, except that any of those at the distance of the last may be found.
    fn check(&self, expected: &Expected<'_>, found: &[ScoredPoint]) {
        let Expected { ours, distance, score, rounding, context } = expected;
        assert_eq!(found.len(), ours.len().min(FOUND), "{context}");
        let mut seen = Vec::new();
        for (rank, (own, point)) in ours.iter().zip(found).enumerate() {
            let id = point.id.as_ref().and_then(|id| id.point_id_options.as_ref());
            let Some(&PointIdOptions::Num(id)) = id else { panic!("{context}: {point:?}") };
            assert!(!seen.contains(&id), "{context}: {id} twice");
            seen.push(id);
            let mut entries = (0..self.index.len()).filter_map(|at| self.index.entry(at));
            let entry = entries.find(|entry| u64::from(entry.id) == id).unwrap();
            let (expected, found) = (f64::from(own.distance), f64::from(distance(&entry)));
            // If two scores are off, their order may be wrong.
            let near = (expected - found).abs() <= 2.0 * rounding * expected;
            assert!(near, "{context}, rank {rank}: {found} instead of {expected}");
            let (score, found) = (score(found), f64::from(point.score));
            let near = (score - found).abs() <= rounding * score.abs();
            assert!(near, "{context}, rank {rank}: score {found} instead of {score}");
            self.check_payload(&entry, point);
        }
    }

    fn check_payload(&self, entry: &Entry<'_>, point: &ScoredPoint) {
        let text = |key| point.payload.get(key).map(|value| value.as_str().unwrap().as_str());
        let label = entry.label.map(|label| self.index.label_name(label).unwrap());
        assert_eq!((text("label"), text("name")), (label, entry.name), "payload");
        assert_eq!(text("network"), Some(&*format!("{:08x}", self.index.network())), "payload");
    }
}

/// The distance of codes, as `nearest_by_codes` defines it.
fn by_codes(a: &Fingerprint<'_>, b: &Fingerprint<'_>, likeness: Likeness) -> u32 {
    let bits = |a: u64, b: u64| (a ^ b).count_ones();
    let class = bits(a.class.code, b.class.code);
    let appearance = bits(a.appearance.code, b.appearance.code);
    match likeness {
        Likeness::Class => class,
        Likeness::Appearance => appearance,
        Likeness::Mixed { class: weight } => {
            u32::from(weight) * class + (256 - u32::from(weight)) * appearance
        }
    }
}
