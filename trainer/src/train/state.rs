//! `resume.bin`: everything that a run needs to continue after its last finished epoch.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::run::Run;
use crate::data::Images;
use crate::eval::Evaluation;
use crate::metrics::EpochMetrics;

/// First bytes of the file: its kind and the version of its layout.
const MAGIC: &[u8; 8] = b"ocelres2";
/// Length of the digest after them.
const DIGEST_BYTES: usize = 32;

/// A run after a finished epoch. Tensors are bytes in the form of a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// The settings of the run; a run with other settings cannot continue it.
    pub(super) settings: Vec<(String, String)>,
    /// All epochs so far.
    pub(super) epochs: Vec<EpochMetrics>,
    /// The epoch whose checkpoint was kept, counted from 1, and its evaluation.
    pub(super) best: Option<(usize, Evaluation)>,
    /// Steps so far.
    pub(super) step: usize,
    pub(super) model: Vec<u8>,
    /// The EMA of the weights and its number of updates.
    pub(super) ema: Option<(Vec<u8>, usize)>,
    /// The running means of all groups of parameters.
    pub(super) moments: [Vec<u8>; 3],
}

impl State {
    /// Writes the file. It replaces an earlier one atomically.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        let content = postcard::to_stdvec(self).context("cannot encode the state of the run")?;
        let digest = Sha256::digest(&content);
        output::write(path, &[MAGIC, digest.as_slice(), content.as_slice()].concat())
    }

    /// Reads the file and compares its settings with `settings`, those of the run that continues.
    pub(super) fn load(path: &Path, settings: &[(String, String)]) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| {
            format!(
                "cannot read {}: there is no unfinished run to continue; start a new one",
                path.display()
            )
        })?;
        let state = Self::decode(&bytes)
            .with_context(|| format!("cannot use {}: remove it and start again", path.display()))?;
        for (name, now) in settings {
            // A setting that an earlier version did not have counts as off.
            let then = state.settings.iter().find(|setting| setting.0 == *name);
            let then = then.map_or("null", |(_, then)| then);
            ensure!(
                then == now || !name.contains("SHA-256"),
                "{} belongs to a run with other {}: give the images that it had, or choose another --out and \
                 start again without --resume",
                path.display(),
                name.trim_end_matches(" with the SHA-256")
            );
            ensure!(
                then == now,
                "{} belongs to a run with {name} {then}, not {now}: continue with the same options, \
                 or choose another --out",
                path.display()
            );
        }
        Ok(state)
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let content = bytes.strip_prefix(MAGIC).context("it is not a resume file")?;
        let parts = content.split_at_checked(DIGEST_BYTES);
        let (digest, content) = parts.context("it is incomplete")?;
        ensure!(Sha256::digest(content).as_slice() == digest, "it is damaged or incomplete");
        postcard::from_bytes(content).context("it was written by another version")
    }
}

/// Everything that decides the result of a run, by name.
pub(super) fn settings(run: &Run<'_>) -> Result<Vec<(String, String)>> {
    let mut settings = vec![
        ("preset".to_owned(), run.preset.to_owned()),
        ("network".to_owned(), serde_json::to_string(run.config.spec())?),
        ("training images".to_owned(), run.dataset.train.len().to_string()),
        ("training images with the SHA-256".to_owned(), digest(&run.dataset.train)),
        ("classes".to_owned(), run.dataset.classes.join(", ")),
        ("micro-batch".to_owned(), run.micro_batch.to_string()),
        (
            "teacher".to_owned(),
            run.teacher.map_or("none".into(), |path| path.display().to_string()),
        ),
        ("start".to_owned(), run.start.map_or("null".into(), ToString::to_string)),
        ("quantize".to_owned(), if run.quantize { "true" } else { "null" }.to_owned()),
    ];
    if let Some(validation) = &run.dataset.validation {
        settings.push(("validation images with the SHA-256".to_owned(), digest(validation)));
    }
    if let Some(known) = run.attributes {
        let values = known.values(&run.dataset.train, &run.dataset.classes)?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        settings.push(("attributes with the SHA-256".to_owned(), hex(&Sha256::digest(bytes))));
    }
    let recipe = serde_json::to_value(run.recipe)?;
    let fields = recipe.as_object().into_iter().flatten();
    settings.extend(fields.map(|(name, value)| (name.replace('_', " "), value.to_string())));
    Ok(settings)
}

/// A digest of images and labels in their order.
pub(super) fn digest(images: &Images) -> String {
    let mut digest = Sha256::new();
    for index in 0..images.len() {
        digest.update(images.image(index));
        digest.update(images.label(index).to_le_bytes());
    }
    hex(&digest.finalize())
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
