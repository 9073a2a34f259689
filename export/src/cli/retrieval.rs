//! `export retrieval described.bin`: how well a search finds images of the class that is searched for.

use super::files::{parse, read};
use super::images::Network;
use super::progress::bar;
use super::values::positive;
use anyhow::{Context, Result, bail};
use clap::Args;
use export::blob::AnyModel;
use export::index;
use export::retrieval::{Compared, mean_average_precision};
use serde_json::json;
use std::path::PathBuf;
use trainer::say;
use trainer::summary::grouped;

/// Measures how well a search finds images of the class that is searched for.
///
/// The test images are the queries, and the training images are the database. The command prints the mean
/// average precision over the whole database. If several images have the same distance, the result is the exact
/// mean over all their orders. With all images of CIFAR-10, this is the protocol "10k/50k" of the literature.
#[derive(Debug, Args)]
pub(super) struct RetrievalArgs {
    /// Int8 blob with a descriptor, as `export descriptor` writes it.
    blob: PathBuf,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10.
    /// Without it, the built-in 5,000 training and 1,000 test images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Number of test images that are queries: the first ones. By default, all.
    #[arg(long, value_name = "N", value_parser = positive)]
    queries: Option<usize>,
    /// Number of training images in the database: the first ones. By default, all.
    #[arg(long, value_name = "N", value_parser = positive)]
    database: Option<usize>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl RetrievalArgs {
    pub(super) fn run(&self) -> Result<()> {
        let bytes = read(&self.blob)?;
        let context = || format!("cannot search with {}", self.blob.display());
        let AnyModel::Int8(model) = parse(&self.blob, &bytes)? else {
            bail!("{}: it is an f16 blob; export it as int8", context());
        };
        let network = Network::of_blob(&self.blob, model.config(), |class| model.class_name(class));
        let data = network.dataset(self.data.as_deref())?;
        let queries = data.test.take(self.queries.unwrap_or(usize::MAX));
        let database = data.train.take(self.database.unwrap_or(usize::MAX));
        let progress = bar("describing", queries.len() + database.len());
        let describe = |images| index::describe(&model, images, |n| progress.inc(n as u64));
        let seen = describe(&queries).with_context(context)?;
        let known = describe(&database).with_context(context)?;
        progress.finish_and_clear();
        let progress = bar("searching", Compared::ALL.len() * queries.len());
        let rows = Compared::ALL.map(|compared| {
            let (queries, database) = ((&*seen, queries.labels()), (&*known, database.labels()));
            let count = |n| progress.inc(n as u64);
            (compared, mean_average_precision(compared, queries, database, count))
        });
        progress.finish_and_clear();
        if self.json {
            let rows = rows.map(|(compared, precision)| {
                json!({ "compared": compared, "mean_average_precision": precision })
            });
            let (queries, database) = (queries.len(), database.len());
            return say!("{}", json!({ "queries": queries, "database": database, "rows": rows }));
        }
        let [queries, database] = [&queries, &database].map(|images| grouped(images.len() as u64));
        say!("mean average precision, {queries} queries, {database} images")?;
        for (compared, precision) in rows {
            say!("  {:<24}{precision:.4}", compared.name())?;
        }
        Ok(())
    }
}
