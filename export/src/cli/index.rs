//! `export index described.bin PICTURES index.bin`: an index of pictures.

use super::files::{parse, read};
use super::progress::bar;
use anyhow::{Context, Result, bail};
use clap::Args;
use export::blob::{AnyModel, rust_module};
use export::index;
use output::{self, Replaces};
use runtime::format::INDEX_MAGIC;
use runtime::search::Index;
use serde_json::json;
use std::path::{Path, PathBuf};
use trainer::data::{self, DataSource, Images, Reading};
use trainer::say;
use trainer::summary::grouped;

/// Makes an index of pictures, in which a device finds those that are most like what it sees.
///
/// The pictures need not show what the network was trained on. The name of a picture's folder becomes its
/// label. The name of its file becomes the name of the entry. If every file has a number of its own as its name,
/// such as `17.png`, the numbers become the ids. Otherwise the ids count the pictures in the order of their names.
#[derive(Debug, Args)]
pub(super) struct IndexArgs {
    /// Int8 blob with a descriptor, as `export descriptor` writes it.
    blob: PathBuf,
    /// Directory with a folder of pictures for each label, or with the binary version of CIFAR-10. All pictures
    /// of folders are used, but only the training images of CIFAR-10.
    pictures: PathBuf,
    /// Index to write.
    index: PathBuf,
    /// Also write a Rust module that includes the index.
    #[arg(long, value_name = "FILE")]
    rust: Option<PathBuf>,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl IndexArgs {
    pub(super) fn run(&self) -> Result<()> {
        let files: Vec<&Path> = [Some(&self.index), self.rust.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
            .collect();
        output::refuse_inputs(&files, &[&self.blob])?;
        let is = |start: &[u8]| start.starts_with(&INDEX_MAGIC);
        output::check(&self.index, Replaces::Kind { name: "an index", is })?;
        if let Some(module) = &self.rust {
            let name = "a module of `export --rust`";
            output::check(module, Replaces::Kind { name, is: rust_module::is_index_module })?;
            rust_module::include_path(&self.index, module)?;
        }
        let bytes = read(&self.blob)?;
        let context = || format!("cannot make an index with {}", self.blob.display());
        let AnyModel::Int8(model) = parse(&self.blob, &bytes)? else {
            bail!("{}: it is an f16 blob; export it as int8", context());
        };
        let config = model.config();
        let reading =
            Reading::of_network(config.classes(), DataSource::Pictures, config.spec().image);
        let data = data::open(&self.pictures, reading)?;
        let mut sets = vec![data.train];
        if data.source != DataSource::Cifar10 {
            sets.extend(data.validation.into_iter().chain([data.test]));
        }
        let progress = bar("describing", sets.iter().map(Images::len).sum());
        let describe = |images: Images| -> Result<_> {
            let entries = index::describe(&model, &images, |count| progress.inc(count as u64))?;
            Ok((images, entries))
        };
        let sets: Result<Vec<_>> = sets.into_iter().map(describe).collect();
        let sets = sets.with_context(context)?;
        progress.finish_and_clear();
        let written = index::index(&sets, &data.classes).with_context(context)?;
        output::write(&self.index, &written)?;
        // The report is about the bytes that were written.
        let found = Index::parse(&written)?;
        if let Some(module) = &self.rust {
            let labels = data.classes.len();
            let text = rust_module::index_source(&found, labels, &self.index, module)?;
            output::write(module, text.as_bytes())?;
        }
        if self.json {
            return say!(
                "{}",
                json!({
                    "entries": found.len(),
                    "index_bytes": written.len(),
                    "labels": data.classes,
                    "network": format!("{:08x}", found.network()),
                })
            );
        }
        say!("entries {}", grouped(found.len() as u64))?;
        say!("labels {}", data.classes.join(", "))?;
        say!("network {:08x}", found.network())?;
        say!("index {} bytes, {}", grouped(written.len() as u64), self.index.display())
    }
}
