//! An index to a collection of a server.

use crate::collection::{LABEL, NETWORK, creation, is_of_index, point};
use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use qdrant_client::qdrant::{
    CountPointsBuilder, CreateFieldIndexCollectionBuilder, FieldType, PointStruct,
    UpsertPointsBuilder,
};
use qdrant_client::{Qdrant, QdrantError};
use runtime::search::Index;
use std::time::Duration;

/// Points of a request: half a megabyte.
const BATCH: usize = 400;
/// For one request. A slow disk of a server needs more than the five seconds of the client.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A server of Qdrant.
#[derive(Clone)]
pub struct Server {
    /// Where it listens for gRPC, such as `http://localhost:6334`.
    pub url: String,
    /// Its key, if it needs one.
    pub api_key: Option<String>,
}

/// Makes a collection with the entries of an index. With `replace`, a collection of this name that was made
/// from an index is deleted first. `progress` counts entries.
///
/// # Errors
/// If the server cannot be reached, refuses a request, or has a collection of this name that must stay.
pub fn upload(
    index: &Index<'_>,
    server: &Server,
    collection: &str,
    replace: bool,
    progress: impl Fn(usize),
) -> Result<()> {
    // One thread is enough, because each request waits for the one before.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = connect(server).await?;
        let creation = creation(collection, index)?;
        make_room(&client, collection, replace).await?;
        let created = client.create_collection(creation).await.map_err(explained);
        created.with_context(|| format!("the collection {collection} was not made"))?;
        let sent = fill(&client, collection, index, progress).await;
        sent.with_context(|| {
            format!("the collection {collection} is not complete: upload again with --replace")
        })
    })
}

async fn connect(server: &Server) -> Result<Qdrant> {
    let Server { url, api_key } = server;
    let hint = || {
        format!(
            "cannot reach a Qdrant server at {url}: give the address and the port for gRPC, such as \
             http://localhost:6334 (6333 is usually the port for HTTP)"
        )
    };
    // The check prints to standard output, where a report is.
    let config = Qdrant::from_url(url).skip_compatibility_check().timeout(TIMEOUT);
    let client = config.api_key(api_key.clone()).build().map_err(explained).with_context(hint)?;
    client.health_check().await.map_err(explained).with_context(hint)?;
    Ok(client)
}

/// Deletes a collection of this name, if it may be replaced.
async fn make_room(client: &Qdrant, collection: &str, replace: bool) -> Result<()> {
    if !client.collection_exists(collection).await.map_err(explained)? {
        return Ok(());
    }
    ensure!(
        replace,
        "the server has a collection {collection} already: give another name, or --replace to delete the old one"
    );
    let found = client.collection_info(collection).await.map_err(explained)?.result;
    let vectors = found.and_then(|info| info.config?.params?.vectors_config);
    if !vectors.is_some_and(|vectors| is_of_index(&vectors)) {
        bail!("the collection {collection} was not made from an index: give another name");
    }
    client.delete_collection(collection).await.map_err(explained)?;
    Ok(())
}

/// Sends all entries and checks that the server has them.
async fn fill(
    client: &Qdrant,
    collection: &str,
    index: &Index<'_>,
    progress: impl Fn(usize),
) -> Result<()> {
    // Before the points come: the server then builds these indexes on the way.
    for field in [NETWORK, LABEL] {
        let request = CreateFieldIndexCollectionBuilder::new(collection, field, FieldType::Keyword)
            .wait(true);
        client.create_field_index(request).await.map_err(explained)?;
    }
    for first in (0..index.len()).step_by(BATCH) {
        let entries = (first..index.len()).take(BATCH).filter_map(|position| index.entry(position));
        let points: Vec<PointStruct> = entries.map(|entry| point(index, &entry)).collect();
        let count = points.len();
        let request = UpsertPointsBuilder::new(collection, points).wait(true);
        client.upsert_points(request).await.map_err(explained)?;
        progress(count);
    }
    let request = CountPointsBuilder::new(collection).exact(true);
    let counted = client.count(request).await.map_err(explained)?.result;
    let (found, sent) = (counted.map_or(0, |result| result.count), index.len() as u64);
    ensure!(found == sent, "the server has {found} points after {sent} were sent");
    Ok(())
}

/// The message of a server, without the fields of the protocol.
fn explained(error: QdrantError) -> Error {
    let QdrantError::ResponseError { status } = &error else { return error.into() };
    let message = status.message();
    // Numbers of gRPC: permission denied, unauthenticated.
    match status.code() as i32 {
        7 | 16 => anyhow!(
            "the server refuses the key ({message}): set QDRANT_API_KEY to one that may write"
        ),
        _ if message.starts_with("Failed to connect") => anyhow!("{}", quoted(message)),
        _ => anyhow!("{message}"),
    }
}

/// The texts in quotes of a message, or all of it if there are none. The client prints why a connection failed in the
/// form of `Debug`.
fn quoted(message: &str) -> String {
    let texts: Vec<&str> = message.split('"').skip(1).step_by(2).collect();
    if texts.is_empty() { message.to_owned() } else { texts.join(", ") }
}
