//! `export qdrant index.bin`: an index in a collection of a Qdrant server.

use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Uploads an index to a Qdrant server, in which other programs search it.
///
/// The collection gets one point for each entry. The id of the point is the id of the entry. Its payload has the
/// `label`, the `name` and the `network` that made the fingerprint. The guide runtime/docs/SEARCH.md says how to search
/// the collection so that it ranks as a device does.
///
/// If the server needs a key, put it into the environment variable `QDRANT_API_KEY`. This
/// command works only in programs that were built with the feature `qdrant`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    docker run --detach --publish 6333:6333 --publish 6334:6334 qdrant/qdrant\n  \
    cargo run --release -p export --features qdrant -- qdrant index.bin --collection known\n  \
    cargo run --release -p export --features qdrant -- qdrant index.bin --collection known --replace")]
pub(super) struct QdrantArgs {
    /// Index, as `export index` writes it.
    index: PathBuf,
    /// Address of the server with its port for gRPC.
    #[arg(long, default_value = "http://localhost:6334")]
    url: String,
    /// Name of the collection to make.
    #[arg(long, value_name = "NAME")]
    collection: String,
    /// If the server has a collection of this name that was made from an index, delete it first. A collection that
    /// was not made from an index is never deleted.
    #[arg(long)]
    replace: bool,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl QdrantArgs {
    #[cfg(not(feature = "qdrant"))]
    pub(super) fn run(&self) -> Result<()> {
        anyhow::bail!(
            "this program was built without the feature `qdrant`: build it with \
             `cargo build --release -p export --features qdrant`"
        )
    }

    #[cfg(feature = "qdrant")]
    pub(super) fn run(&self) -> Result<()> {
        use super::{files, progress};
        use anyhow::Context;
        use runtime::search::Index;
        use trainer::say;
        use trainer::summary::grouped;

        let Self { url, collection, .. } = self;
        let bytes = files::read_index(&self.index)?;
        let index = Index::parse(&bytes)?;
        let api_key = std::env::var("QDRANT_API_KEY").ok().filter(|key| !key.is_empty());
        let server = qdrant::Server { url: url.clone(), api_key };
        let bar = progress::bar("uploading", index.len());
        let sent = qdrant::upload(&index, &server, collection, self.replace, |count| {
            bar.inc(count as u64);
        });
        bar.finish_and_clear();
        sent.with_context(|| format!("cannot upload {}", self.index.display()))?;
        let (entries, network) = (index.len(), format!("{:08x}", index.network()));
        if self.json {
            return say!(
                "{}",
                serde_json::json!({
                    "collection": collection,
                    "entries": entries,
                    "network": network,
                    "url": url,
                })
            );
        }
        say!("entries {}", grouped(entries as u64))?;
        say!("network {network}")?;
        say!("collection {collection}, {url}")
    }
}
