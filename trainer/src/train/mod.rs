//! The training loop.

mod attributes;
mod background;
mod budget;
mod ema;
mod history;
mod interrupt;
mod learner;
mod pretrained;
mod qat;
mod regions;
mod replica;
mod run;
mod scores;
mod start;
mod state;
mod teacher;
mod transfer;

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

pub use attributes::KnownAttributes;
pub use budget::{duration, micro_batch};
pub use history::Stopped;
pub use interrupt::{Interrupted, on_interrupt};
pub use run::{Outcome, Run};
pub use start::Start;

use crate::checkpoint;
use crate::data::batch::TrainBatches;
use crate::progress::Progress;
use history::History;
use learner::Learner;
use ops::HostBackend;
use scores::Scores;

/// Checks a run: creates everything that the run needs before its first step.
///
/// # Errors
/// As [`train()`] before it writes a file.
pub fn check<B: HostBackend>(run: &Run<'_>, devices: &[B::Device]) -> Result<()> {
    run.prepare()?;
    Learner::<B>::new(run, 1, devices, None).map(drop)
}

/// Trains a network on one device, or on several that share the parts of each batch. Writes `best.mpk`,
/// `metrics.csv` and `curves.svg` after every epoch that changes them.
///
/// The best epoch is the one with the highest accuracy on the validation images, which are held out from
/// the training images; the lower loss decides between equal ones. A run whose recipe has a patience may
/// end before its last epoch. An unfinished run also has a `resume.bin`, from which it continues after
/// the last finished epoch with the same result as without the interruption.
///
/// # Errors
/// If the recipe or the images do not fit, the loss is not finite, or a file cannot be read or written. If
/// the run is stopped, the error is an [`Interrupted`] and its context is a [`Stopped`].
pub fn train<B: HostBackend>(
    run: Run<'_>,
    devices: &[B::Device],
    progress: &mut Progress,
) -> Result<Outcome> {
    let (train, validation) = run.prepare()?;
    std::fs::create_dir_all(run.out).with_context(|| {
        format!("cannot create {}: choose another directory with --out", run.out.display())
    })?;
    let recipe = run.recipe;
    let values = run.attributes.map(|known| known.values(&train, &run.dataset.classes));
    let batches = TrainBatches::new(train, recipe.batches())?;
    let batches = match values.transpose()? {
        Some(values) => batches.with_attributes(values),
        None => batches,
    };
    let scores = Scores::of_run::<B>(&run, &batches, &devices[0], progress)?.map(Arc::new);
    let steps = batches.batches_per_epoch();
    let mut learner = Learner::<B>::new(&run, steps, devices, scores.as_ref())?;
    let mut history = History::start(&run, &mut learner)?;
    let start = Instant::now();
    let before = history.epochs().last().map_or(0.0, |row| row.seconds);
    progress.start(history.epochs(), history.best(), recipe.epochs, batches.images_per_epoch());
    for epoch in history.epochs().len() + 1..=recipe.epochs {
        if recipe
            .patience
            .is_some_and(|patience| history.waited(recipe.head_epochs()) >= patience.get())
        {
            break;
        }
        let sums = learner
            .epoch(epoch, batches.epoch(epoch), progress)
            .with_context(|| history.stopped(epoch))?;
        let model = learner.result();
        let found = learner.evaluate(&model, &validation, recipe.normalisation);
        ensure!(
            found.loss.is_finite(),
            "the network gives NaN after epoch {epoch}: lower the learning rate; {}",
            history.kept(epoch)
        );
        let row = sums.metrics(epoch, &found, before + start.elapsed().as_secs_f64());
        let best = history.add(row, &found);
        if best {
            checkpoint::save(&history.checkpoint(), &run.checkpoint(model))?;
        }
        history.save(&learner)?;
        progress.epoch(&row, best);
    }
    history.finish()
}

#[cfg(test)]
mod tests;
