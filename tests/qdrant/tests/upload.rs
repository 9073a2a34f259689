//! What an upload does with collections that exist, and what it says about servers that it cannot use.

use kit::index::{LIKENESSES, RandomIndex};
use qdrant::{Compared, Server, query, upload};
use qdrant_client::qdrant::{
    CountPointsBuilder, CreateCollectionBuilder, Datatype, Distance, QueryPoints,
    VectorParamsBuilder, VectorsConfigBuilder,
};
use qdrant_client::{Qdrant, QdrantError};
use qdrant_rankings::served::{FULL, KEY, serve};
use runtime::search::{Fingerprint, Index};
use tokio::runtime::Runtime;

/// A server, and a client that looks into it.
struct Watched {
    server: Server,
    runtime: Runtime,
    client: Qdrant,
}

impl Watched {
    fn new() -> Self {
        let server = Server { url: serve(), api_key: Some(KEY.into()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = Qdrant::from_url(&server.url).api_key(KEY).skip_compatibility_check();
        Self { client: client.build().unwrap(), server, runtime }
    }

    fn wait<T>(&self, answer: impl Future<Output = Result<T, QdrantError>>) -> T {
        self.runtime.block_on(answer).unwrap()
    }

    fn upload(&self, index: &[u8], collection: &str, replace: bool) -> Result<(), String> {
        let index = Index::parse(index).unwrap();
        let sent = upload(&index, &self.server, collection, replace, |_| ());
        sent.map_err(|error| format!("{error:#}"))
    }

    fn count(&self, collection: &str) -> u64 {
        let request = CountPointsBuilder::new(collection).exact(true);
        self.wait(self.client.count(request)).result.unwrap().count
    }

    fn found(&self, request: QueryPoints) -> usize {
        self.wait(self.client.query(request)).result.len()
    }
}

#[test]
fn a_fingerprint_of_another_network_finds_nothing() {
    let watched = Watched::new();
    let bytes = RandomIndex::new(3, 90, [32, 96]).to_bytes();
    watched.upload(&bytes, "known", false).unwrap();
    let own = Index::parse(&bytes).unwrap().entry(0).unwrap().fingerprint;
    let other = Fingerprint { network: own.network ^ 1, ..own };
    for compared in [Compared::Vectors, Compared::Codes, Compared::TwoStages { candidates: 50 }] {
        for likeness in LIKENESSES {
            let found = |seen| watched.found(query("known", seen, likeness, compared, 20, 90));
            assert_eq!((found(&own), found(&other)), (20, 0), "{compared:?}, {likeness:?}");
        }
    }
}

#[test]
fn a_collection_stays_until_it_may_be_replaced() {
    let watched = Watched::new();
    let [old, new] =
        [(3, 30), (4, 50)].map(|(seed, count)| RandomIndex::new(seed, count, [32, 96]).to_bytes());
    watched.upload(&old, "known", false).unwrap();
    let refused = watched.upload(&new, "known", false).unwrap_err();
    assert!(refused.contains("--replace"), "{refused}");
    assert_eq!(watched.count("known"), 30, "the old collection");
    watched.upload(&new, "known", true).unwrap();
    assert_eq!(watched.count("known"), 50, "the new collection");
}

#[test]
fn a_collection_of_something_else_is_never_replaced() {
    let watched = Watched::new();
    let mut vectors = VectorsConfigBuilder::default();
    for name in ["class", "appearance", "codes"] {
        let params = VectorParamsBuilder::new(128, Distance::Dot).datatype(Datatype::Float16);
        vectors.add_named_vector_params(name, params);
    }
    let other = CreateCollectionBuilder::new("other").vectors_config(vectors);
    watched.wait(watched.client.create_collection(other));
    let bytes = RandomIndex::new(3, 30, [32, 96]).to_bytes();
    let refused = watched.upload(&bytes, "other", true).unwrap_err();
    assert!(refused.contains("not made from an index"), "{refused}");
    assert!(watched.wait(watched.client.collection_exists("other")), "it stays");
}

#[test]
fn an_upload_that_fails_says_that_the_collection_is_not_complete() {
    let watched = Watched::new();
    let bytes = RandomIndex::new(3, 30, [32, 96]).to_bytes();
    let failed = watched.upload(&bytes, FULL, false).unwrap_err();
    for part in ["full is not complete", "--replace", "No space left on device"] {
        assert!(failed.contains(part), "{failed}");
    }
    // The hint is right: what is there may be replaced.
    let failed = watched.upload(&bytes, FULL, true).unwrap_err();
    assert!(failed.contains("No space left on device"), "{failed}");
}

#[test]
fn what_is_wrong_with_a_server_is_said() {
    let bytes = RandomIndex::new(3, 30, [32, 96]).to_bytes();
    let index = Index::parse(&bytes).unwrap();
    let refusal = |url: String, api_key: Option<&str>| {
        let server = Server { url, api_key: api_key.map(str::to_owned) };
        format!("{:#}", upload(&index, &server, "known", false, |_| ()).unwrap_err())
    };
    let url = serve();
    for key in [None, Some("wrong")] {
        let refused = refusal(url.clone(), key);
        assert!(refused.contains("QDRANT_API_KEY"), "{refused}");
    }
    // Nothing listens at the first, because its listener is closed.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{closed}"), "localhost 6334".into(), "ftp://localhost".into()] {
        let refused = refusal(url.clone(), None);
        assert!(refused.contains(&url) && refused.contains("6334"), "{refused}");
        assert!(!refused.contains("Error("), "for people, not as `Debug` prints it: {refused}");
    }
}
