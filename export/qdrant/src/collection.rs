//! What a collection has: vectors, and points with a payload.

use crate::vectors::Vectors;
use anyhow::{Context, Result};
use qdrant_client::qdrant::{
    CreateCollection, CreateCollectionBuilder, Datatype, Distance, NamedVectors, PointStruct,
    Value, VectorParamsBuilder, VectorsConfig, vectors_config::Config,
};
use qdrant_client::qdrant::{VectorParams, VectorParamsMap};
use runtime::search::{Entry, Index};
use std::collections::HashMap;

/// Name of the vector of the class part.
pub(crate) const CLASS: &str = "class";
/// Name of the vector of the appearance part.
pub(crate) const APPEARANCE: &str = "appearance";
/// Name of the vector of both codes.
pub(crate) const CODES: &str = "codes";
/// Values of the vector of both codes.
const CODES_DIM: u64 = 128;
/// Payload: the network that made the fingerprint, as eight hexadecimal digits.
pub(crate) const NETWORK: &str = "network";
/// Payload: the label, by its name if it has one.
pub(crate) const LABEL: &str = "label";
/// Payload: the name of the entry.
const NAME: &str = "name";

/// The network of an index, as the payload has it.
pub(crate) fn network(checksum: u32) -> String {
    format!("{checksum:08x}")
}

/// The request for a collection for an index.
pub(crate) fn creation(name: &str, index: &Index<'_>) -> Result<CreateCollection> {
    let first = index.entry(0).context("the index has no entries")?.fingerprint;
    let lengths = [first.class.vector.len() as u64, first.appearance.vector.len() as u64];
    let map = VectorParamsMap { map: vectors(lengths) };
    let config = VectorsConfig { config: Some(Config::ParamsMap(map)) };
    Ok(CreateCollectionBuilder::new(name).vectors_config(config).build())
}

fn vectors([class, appearance]: [u64; 2]) -> HashMap<String, VectorParams> {
    let squares = |dim| VectorParamsBuilder::new(dim, Distance::Euclid).datatype(Datatype::Uint8);
    let codes = VectorParamsBuilder::new(CODES_DIM, Distance::Dot).datatype(Datatype::Float16);
    let params = [(CLASS, squares(class)), (APPEARANCE, squares(appearance)), (CODES, codes)];
    params.into_iter().map(|(name, params)| (name.to_owned(), params.build())).collect()
}

/// Whether a collection with these vectors is one of an index, of any network.
pub(crate) fn is_of_index(found: &VectorsConfig) -> bool {
    let Some(Config::ParamsMap(VectorParamsMap { map })) = &found.config else { return false };
    let expected = vectors([0; 2]);
    let alike = |(name, expected): (&String, &VectorParams)| {
        map.get(name).is_some_and(|found| {
            let same_size = expected.size == 0 || found.size == expected.size;
            same_size && (found.distance, found.datatype) == (expected.distance, expected.datatype)
        })
    };
    map.len() == expected.len() && expected.iter().all(alike)
}

/// An entry as a point. Its id is the id of the entry.
pub(crate) fn point(index: &Index<'_>, entry: &Entry<'_>) -> PointStruct {
    let Vectors { class, appearance, codes } = Vectors::of_entry(&entry.fingerprint);
    let vectors = [(CLASS, class), (APPEARANCE, appearance), (CODES, codes)];
    let vectors = vectors
        .into_iter()
        .fold(NamedVectors::default(), |all, (name, values)| all.add_vector(name, values));
    let label = entry.label.map(|label| {
        let name = index.label_name(label);
        (LABEL, name.map_or_else(|| label.to_string(), str::to_owned))
    });
    let name = entry.name.map(|name| (NAME, name.to_owned()));
    let texts = [(NETWORK, network(index.network()))].into_iter().chain(label).chain(name);
    let payload: HashMap<String, Value> =
        texts.map(|(key, text)| (key.to_owned(), text.into())).collect();
    PointStruct::new(u64::from(entry.id), vectors, payload)
}
