//! The logits of a teacher for each view of each training image, computed once and kept in files.
//!
//! A teacher is larger than its student. If its scores were computed again for each batch, they could take
//! longer than the student's training. Views do not change from run to run, so that all students of a
//! teacher share them.
//!
//! Each view of all images is one file, which is written whole. After an interruption, or with more views,
//! a run computes only the views that are missing.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Tensor, TensorData};
use half::f16;
use sha2::{Digest, Sha256};

use super::interrupt::Interrupted;
use super::pretrained;
use super::run::Run;
use super::state;
use crate::data::batch::TrainBatches;
use crate::model::Vit;
use crate::progress::{Bar, Progress};
use ops::HostBackend;

/// First bytes of a file: its kind and the version of its layout.
const MAGIC: &[u8; 8] = b"ocelvie1";
/// Length of the digest after them.
const DIGEST_BYTES: usize = 32;
/// Images of one forward pass.
const BATCH_SIZE: usize = 125;

/// The logits of a teacher, one row for each view of each image.
pub(super) struct Scores {
    classes: usize,
    views: usize,
    /// For each view, `[images, classes]`.
    logits: Vec<Vec<f16>>,
}

impl Scores {
    /// The scores of the teacher of `run` on the views of `batches`, from its directory of scores or
    /// computed; `None` if the run has no teacher or no views.
    ///
    /// # Errors
    /// If the teacher cannot be used, a file cannot be read or written, or the run is stopped.
    pub(super) fn of_run<B: HostBackend>(
        run: &Run<'_>,
        batches: &TrainBatches,
        device: &B::Device,
        progress: &Progress,
    ) -> Result<Option<Self>> {
        let (Some(teacher), Some(views)) = (run.teacher, run.recipe.views) else { return Ok(None) };
        let (classes, images) = (run.config.classes(), batches.images());
        let kept = Kept::new(run, teacher, images * classes)?;
        let known = (0..views.get()).map(|view| kept.read(view)).collect::<Result<Vec<_>>>()?;
        let missing = known.iter().filter(|known| known.is_none()).count();
        let mut bar = progress.bar("scores of the teacher", missing * images);
        // Loaded only if a view is missing.
        let mut network = None;
        let mut logits = Vec::with_capacity(known.len());
        let _bf16 = run.recipe.precision.begin();
        for (view, known) in known.into_iter().enumerate() {
            logits.push(match known {
                Some(known) => known,
                None => {
                    let network = match &network {
                        Some(network) => network,
                        None => network
                            .insert(pretrained::load::<B>(teacher, "teacher", run, device)?.model),
                    };
                    let found = score(network, batches, view, run.stop, device, &mut bar)?;
                    kept.write(view, &found)?;
                    found
                }
            });
        }
        Ok(Some(Self { classes, views: views.get(), logits }))
    }

    /// The logits of a row of the table of all views: image times the number of views, plus the view.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = f32> {
        let (image, view) = (row / self.views, row % self.views);
        let logits = &self.logits[view][image * self.classes..][..self.classes];
        logits.iter().map(|logit| logit.to_f32())
    }
}

/// The logits `[images, classes]` of a network for one view of all images.
fn score<B: HostBackend>(
    network: &Vit<B>,
    batches: &TrainBatches,
    view: usize,
    stop: &AtomicBool,
    device: &B::Device,
    bar: &mut Bar,
) -> Result<Vec<f16>> {
    let images = batches.images();
    let [height, width] = batches.sides();
    let mut logits = Vec::new();
    for start in (0..images).step_by(BATCH_SIZE) {
        if stop.load(Ordering::Relaxed) {
            bail!(Interrupted);
        }
        let batch = batches.view(start..images.min(start + BATCH_SIZE), view);
        let input = TensorData::new(batch.images, [batch.len, 3, height, width]);
        let found = network.forward(Tensor::<B, 4>::from_data(input, device));
        let found = found.into_data().to_vec::<f32>().expect("logits are f32");
        logits.extend(found.into_iter().map(f16::from_f32));
        bar.add(batch.len);
    }
    Ok(logits)
}

/// The files with the scores of one teacher on one set of views.
struct Kept {
    /// `None` if scores are not kept.
    directory: Option<PathBuf>,
    /// Number of logits in a file.
    len: usize,
}

impl Kept {
    /// The files in the run's directory of scores. Their directory is named by a digest of all that decides
    /// a score: the teacher, the images, the augmentation and the normalisation.
    fn new(run: &Run<'_>, teacher: &Path, len: usize) -> Result<Self> {
        let Some(scores) = run.scores else { return Ok(Self { directory: None, len }) };
        let mut digest = Sha256::new();
        let bytes = fs::read(teacher)
            .with_context(|| format!("{} cannot be used as the teacher", teacher.display()))?;
        digest.update(Sha256::digest(bytes));
        digest.update(state::digest(&run.split()?.0));
        digest.update(serde_json::to_string(&(run.recipe.augment, run.recipe.normalisation))?);
        let name =
            digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        let directory = scores.join(name);
        fs::create_dir_all(&directory).with_context(|| {
            format!("cannot create {} for the teacher's scores", directory.display())
        })?;
        output::remove_leftovers(&directory);
        Ok(Self { directory: Some(directory), len })
    }

    fn file(&self, view: usize) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(format!("view-{view}.bin")))
    }

    /// The logits of a view; `None` if they are not kept.
    fn read(&self, view: usize) -> Result<Option<Vec<f16>>> {
        let Some(path) = self.file(view) else { return Ok(None) };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let damaged = || {
            format!("{} is damaged: delete it, and its scores are computed again", path.display())
        };
        let content = bytes.strip_prefix(MAGIC).with_context(damaged)?;
        let (digest, content) = content.split_at_checked(DIGEST_BYTES).with_context(damaged)?;
        let whole = Sha256::digest(content).as_slice() == digest && content.len() == 2 * self.len;
        ensure!(whole, damaged());
        let (values, _) = content.as_chunks::<2>();
        Ok(Some(values.iter().map(|bytes| f16::from_le_bytes(*bytes)).collect()))
    }

    fn write(&self, view: usize, logits: &[f16]) -> Result<()> {
        let Some(path) = self.file(view) else { return Ok(()) };
        let content: Vec<u8> = logits.iter().flat_map(|logit| logit.to_le_bytes()).collect();
        output::write(&path, &[MAGIC, Sha256::digest(&content).as_slice(), &content].concat())
    }
}
