//! `export descriptor model.bin described.bin`: a blob that also makes fingerprints.

use super::files::{parse, read};
use super::images::Network;
use super::progress::bar;
use super::values::positive;
use anyhow::{Context, Result, bail};
use clap::Args;
use export::blob::AnyModel;
use export::descriptor::{self, FitOptions, Place};
use output::{self, Replaces};
use runtime::format::MAGIC;
use runtime::{Descriptor, Model};
use serde_json::json;
use std::path::PathBuf;
use trainer::say;
use trainer::summary::grouped;

/// Maximum number of bytes of a descriptor.
const MAX_BYTES: usize = 45_000;

/// Adds a descriptor to an int8 blob, so that it makes fingerprints of images for a search.
///
/// A fingerprint has a class part, from the network's embedding, and an appearance part, from the tokens in the
/// middle of the network. Both are fitted to training images. The code of the class part is learned: two images
/// get like codes if they are probably of one class. The network stays as it is, bit for bit. `export index`
/// makes an index of pictures with the new blob.
#[derive(Debug, Args)]
pub(super) struct DescriptorArgs {
    /// Int8 blob to read.
    blob: PathBuf,
    /// Blob to write.
    described: PathBuf,
    /// Directory with the images that the network was trained on: a folder of pictures for each class, or the
    /// binary version of CIFAR-10. Without it, the built-in 5,000 training images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Maximum number of training images to fit to.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = positive)]
    images: usize,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl DescriptorArgs {
    pub(super) fn run(&self) -> Result<()> {
        output::refuse_inputs(&[&self.described], &[&self.blob])?;
        let is = |start: &[u8]| start.starts_with(&MAGIC);
        output::check(&self.described, Replaces::Kind { name: "a blob", is })?;
        let bytes = read(&self.blob)?;
        let context = || format!("cannot add a descriptor to {}", self.blob.display());
        let AnyModel::Int8(model) = parse(&self.blob, &bytes)? else {
            bail!("{}: it is an f16 blob; export it as int8", context());
        };
        let network = Network::of_blob(&self.blob, model.config(), |class| model.class_name(class));
        let images = network.dataset(self.data.as_deref())?.train.sample(self.images, 1);
        let place = Place::of(&model).with_context(context)?;
        let progress = bar("running", images.len());
        let features =
            descriptor::features(&model, place, &images, |count| progress.inc(count as u64))
                .with_context(context)?;
        progress.finish_and_clear();
        let (dim, classes) = (model.config().dim(), model.config().classes());
        let options = FitOptions::within(MAX_BYTES, dim, classes, place);
        let fitted = descriptor::fit(&features, images.labels(), classes, place, options)
            .with_context(context)?;
        let described = descriptor::with_descriptor(&bytes, &fitted).with_context(context)?;
        output::write(&self.described, &described)?;
        // The report is about the bytes that were written.
        let model = Model::parse(&described)?;
        let made = Descriptor::parse(&model)?.context("the written blob has no descriptor")?;
        let ([class, appearance], arena) = (made.lengths(), made.arena_len());
        let added = described.len() - bytes.len();
        if self.json {
            return say!(
                "{}",
                json!({
                    "blob_bytes": described.len(),
                    "added_bytes": added,
                    "arena_bytes": arena,
                    "class_values": class,
                    "appearance_values": appearance,
                    "images": images.len(),
                })
            );
        }
        say!("fingerprint {class} + {appearance} bytes, two codes of 64 bits")?;
        say!("fitted to {} images", grouped(images.len() as u64))?;
        say!(
            "blob {} bytes, {} more than before, {}",
            grouped(described.len() as u64),
            grouped(added as u64),
            self.described.display()
        )?;
        say!("arena {} bytes with the fingerprint", grouped(arena as u64))
    }
}
