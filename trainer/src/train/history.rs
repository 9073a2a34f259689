//! The finished epochs of a training run, the best one, and the files that record them.

use std::fmt;
use std::mem;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::learner::Learner;
use super::run::{Outcome, Run};
use super::state::{self, State};
use crate::curves;
use crate::eval::Evaluation;
use crate::metrics::{self, EpochMetrics};
use crate::run_directory::{BEST_FILE, CURVES_FILE, METRICS_FILE, RESUME_FILE};
use ops::HostBackend;

/// A run has ended before its last epoch.
#[derive(Clone, Debug)]
pub struct Stopped {
    kept: String,
    /// Whether the run can continue after its last finished epoch.
    pub resumable: bool,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kept)
    }
}

/// The finished epochs of a run.
pub(super) struct History<'a> {
    out: &'a Path,
    state: State,
}

impl<'a> History<'a> {
    /// The history of a new run. If the run is to be resumed, the saved history; `learner` then gets the
    /// saved weights and the moments of the optimiser.
    ///
    /// # Errors
    /// If the run is to be resumed, and the saved state is missing or damaged, or belongs to other
    /// settings.
    pub(super) fn start<B: HostBackend>(
        run: &Run<'a>,
        learner: &mut Learner<'_, B>,
    ) -> Result<Self> {
        let settings = state::settings(run)?;
        let path = resume_path(run.out);
        if !run.resume {
            let state = State {
                settings,
                epochs: Vec::new(),
                best: None,
                step: 0,
                model: Vec::new(),
                ema: None,
                moments: Default::default(),
            };
            return Ok(Self { out: run.out, state });
        }
        let mut state = State::load(&path, &settings)?;
        learner
            .resume(&mut state)
            .with_context(|| format!("cannot use {}: remove it and start again", path.display()))?;
        Ok(Self { out: run.out, state })
    }

    /// All epochs so far.
    pub(super) fn epochs(&self) -> &[EpochMetrics] {
        &self.state.epochs
    }

    /// The epoch of the best checkpoint. `None` before the first epoch has ended.
    pub(super) fn best(&self) -> Option<usize> {
        self.state.best.map(|(epoch, _)| epoch)
    }

    /// Number of epochs after the one with the highest validation accuracy. The first `uncounted` epochs do not
    /// count.
    pub(super) fn waited(&self, uncounted: usize) -> usize {
        let mut highest = (0, f64::NEG_INFINITY);
        for (index, row) in self.state.epochs.iter().enumerate() {
            if row.validation_accuracy > highest.1 {
                highest = (index + 1, row.validation_accuracy);
            }
        }
        self.state.epochs.len().saturating_sub(highest.0.max(uncounted))
    }

    /// Path of the best checkpoint.
    pub(super) fn checkpoint(&self) -> PathBuf {
        self.out.join(BEST_FILE)
    }

    /// Adds an epoch and its evaluation. Returns whether its network is the best so far.
    pub(super) fn add(&mut self, row: EpochMetrics, evaluation: &Evaluation) -> bool {
        self.state.epochs.push(row);
        let best = self.state.best.is_none_or(|(_, best)| better(evaluation, &best));
        if best {
            self.state.best = Some((row.epoch, *evaluation));
        }
        best
    }

    /// Writes `metrics.csv`, `curves.svg` and the state after an epoch.
    pub(super) fn save<B: HostBackend>(&mut self, learner: &Learner<'_, B>) -> Result<()> {
        metrics::write_csv(&self.out.join(METRICS_FILE), &self.state.epochs)?;
        curves::write_svg(&self.out.join(CURVES_FILE), &self.state.epochs)?;
        learner.save(&mut self.state)?;
        self.state.save(&resume_path(self.out))?;
        // The learner has these values; copies of them are only for the file.
        (self.state.model, self.state.ema) = (Vec::new(), None);
        self.state.moments = Default::default();
        Ok(())
    }

    /// What is left of a run that stops in `epoch`.
    pub(super) fn stopped(&self, epoch: usize) -> Stopped {
        Stopped { kept: self.kept(epoch), resumable: resume_path(self.out).exists() }
    }

    /// The message for a run that stops in `epoch`: which checkpoint it leaves.
    pub(super) fn kept(&self, epoch: usize) -> String {
        let Some((best, evaluation)) = &self.state.best else {
            return "the run stopped in its first epoch, so it has no checkpoint: start it again"
                .to_owned();
        };
        format!(
            "the run stopped in epoch {epoch}; {} has the network of epoch {best}, validation accuracy \
             {:.2} %",
            self.checkpoint().display(),
            100.0 * evaluation.accuracy()
        )
    }

    /// Removes the file with the state of a finished run. Returns the outcome of the run.
    pub(super) fn finish(mut self) -> Result<Outcome> {
        let path = resume_path(self.out);
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        Ok(Outcome {
            checkpoint: self.checkpoint(),
            best: self.state.best.map_or(0, |(epoch, _)| epoch),
            epochs: mem::take(&mut self.state.epochs),
        })
    }
}

fn resume_path(out: &Path) -> PathBuf {
    out.join(RESUME_FILE)
}

/// Whether `new` has more correct images than `old`, or as many and a lower loss.
fn better(new: &Evaluation, old: &Evaluation) -> bool {
    (new.correct, -new.loss) > (old.correct, -old.loss)
}
