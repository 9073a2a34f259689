//! What a run costs on this machine: memory for its activations, and time.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use runtime::config::{LayerKind, VitConfig};
use sysinfo::System;

use super::learner::{Learner, Sums};
use super::run::Run;
use crate::data::batch;
use crate::progress::Progress;
use ops::{HostBackend, PARTS};

/// Bytes held for each value that a layer writes: the value, the copies that later layers keep for the
/// backward pass, and the gradient.
const BYTES_PER_VALUE: u64 = 20;
/// Activations may take the free memory divided by this number. The rest is for parameters, gradients,
/// moments and other processes.
const MEMORY_SHARE: u64 = 2;
/// Images of the first step. It is not timed, because it also sets up threads, buffers and moments.
const FIRST_IMAGES: usize = 4;
/// Shortest step, in seconds, from which the time of a run is estimated. A shorter one is dominated by
/// work that does not depend on the number of images.
const TIMED_SECONDS: f64 = 2.0;
/// Cost of evaluating an image in relation to training on it: there is no backward pass.
const EVALUATION_SHARE: f64 = 1.0 / 3.0;

/// The number of images of a batch that fit into half of the free memory: at least 1, at most the whole
/// batch, and if possible a multiple of the number of parts that operations split a batch into.
pub fn micro_batch(config: &VitConfig, batch_size: usize) -> usize {
    let mut system = System::new();
    system.refresh_memory();
    fitting(config, batch_size, system.available_memory())
}

/// Estimates the time of all epochs of a run on these devices, from a few steps on the first device, whose
/// results are discarded.
///
/// # Errors
/// If the recipe or the images do not fit, or the loss of such a step is not finite.
pub fn duration<B: HostBackend>(run: &Run<'_>, devices: &[B::Device]) -> Result<Duration> {
    run.check()?;
    let go_on = AtomicBool::new(false);
    let (train, validation) = run.split()?;
    // The scores of views are computed before the first epoch, which is not estimated here.
    let teacher = run.teacher.filter(|_| run.recipe.views.is_none());
    let estimated = Run { stop: &go_on, teacher, ..*run };
    let mut learner = Learner::<B>::new(&estimated, 2, &devices[..1], None)?;
    let mut per_image = |len: usize| -> Result<f64> {
        let sample = batch::sequential(&train, len, run.recipe.normalisation).next();
        let sample = sample.context("the training set is empty")?;
        let start = Instant::now();
        learner.train_on(&sample, &mut Sums::default(), &mut Progress::hidden())?;
        Ok(start.elapsed().as_secs_f64() / sample.len as f64)
    };
    let max = run.micro_batch.min(train.len());
    let mut len = FIRST_IMAGES.min(max);
    per_image(len)?;
    let mut seconds = per_image(len)?;
    while len < max && seconds * (len as f64) < TIMED_SECONDS {
        len = (2 * len).min(max);
        seconds = per_image(len)?;
    }
    let trained = train.len() as f64 / devices.len() as f64;
    let images = trained + EVALUATION_SHARE * validation.len() as f64;
    Ok(Duration::from_secs_f64(seconds * images * run.recipe.epochs as f64))
}

fn fitting(config: &VitConfig, batch_size: usize, available: u64) -> usize {
    let fitting = available / MEMORY_SHARE / activation_bytes(config).max(1);
    let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
    match fitting {
        _ if fitting >= batch_size => batch_size.max(1),
        PARTS.. => fitting - fitting % PARTS,
        _ => fitting.max(1),
    }
}

/// Largest number of bytes that training on one image holds.
fn activation_bytes(config: &VitConfig) -> u64 {
    let mut values = 0;
    config.for_each_layer(|layer| {
        values += layer.output.len() as u64;
        if matches!(layer.kind, LayerKind::Attention(_)) {
            // Queries, keys, values and the outputs of the heads.
            values += 4 * (config.tokens() * config.attention_dim()) as u64;
        }
    });
    values * BYTES_PER_VALUE
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::config::Preset;

    #[test]
    fn a_batch_is_cut_to_the_memory() {
        let seed = Preset::Seed.config(10).unwrap();
        let bytes = activation_bytes(&seed);
        assert_eq!(fitting(&seed, 512, 0), 1, "never nothing");
        assert_eq!(fitting(&seed, 512, 20 * bytes), 10, "half of the memory");
        assert_eq!(fitting(&seed, 512, 40 * bytes), 16, "equal parts");
        assert_eq!(fitting(&seed, 512, u64::MAX), 512, "never more than the batch");
        let micro = Preset::Micro.config(10).unwrap();
        assert!(activation_bytes(&micro) < bytes / 10, "micro needs far less than seed");
    }
}
