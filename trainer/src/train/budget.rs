//! What a run will cost on this machine: memory for its activations, and time.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use runtime::config::{LayerKind, VitConfig};
use sysinfo::System;

use super::Run;
use super::trainee::{Sums, Trainee};
use crate::data::batch;
use crate::ops::{HostBackend, PARTS};
use crate::progress::Progress;

/// Bytes that are held for each value that a layer writes: the value itself, what the layers
/// between keep of it for the gradient, and the gradient.
const BYTES_PER_VALUE: u64 = 20;
/// Share of the free memory that activations may take; the rest is for parameters, gradients,
/// moments and everybody else.
const MEMORY_SHARE: u64 = 2;
/// Images of the first step, which also sets up threads, buffers and moments and is not timed.
const FIRST_IMAGES: usize = 4;
/// Seconds that a step must take to stand for others: in a short one, what is done once for all
/// images counts too much.
const TIMED_SECONDS: f64 = 2.0;
/// Evaluating an image costs about a third of training on it: no backward pass.
const EVALUATION_SHARE: f64 = 1.0 / 3.0;

/// How many images of a batch fit into half of the memory that is free now; at least 1, at most
/// the whole batch, and where it can be, a number that operations split into equal parts.
pub fn micro_batch(config: &VitConfig, batch_size: usize) -> usize {
    let mut system = System::new();
    system.refresh_memory();
    fitting(config, batch_size, system.available_memory())
}

/// How long a run will take on these devices, from steps on the first that are timed and thrown away.
///
/// # Errors
/// If the recipe or the images do not fit, or the loss of such a step is not finite.
pub fn duration<B: HostBackend>(run: &Run<'_>, devices: &[B::Device]) -> Result<Duration> {
    run.check()?;
    let go_on = AtomicBool::new(false);
    let (train, validation) = run.split()?;
    let mut trainee = Trainee::<B>::new(&Run { stop: &go_on, ..*run }, 2, &devices[..1])?;
    let mut per_image = |len: usize| -> Result<f64> {
        let sample = batch::sequential(&train, len, run.recipe.normalisation).next();
        let sample = sample.context("there is no image to train on")?;
        let start = Instant::now();
        trainee.train_on(&sample, &mut Sums::default(), &mut Progress::hidden())?;
        Ok(start.elapsed().as_secs_f64() / sample.len as f64)
    };
    let most = run.micro_batch.min(train.len());
    let mut len = FIRST_IMAGES.min(most);
    per_image(len)?;
    let mut seconds = per_image(len)?;
    while len < most && seconds * (len as f64) < TIMED_SECONDS {
        len = (2 * len).min(most);
        seconds = per_image(len)?;
    }
    let learned = train.len() as f64 / devices.len() as f64;
    let images = learned + EVALUATION_SHARE * validation.len() as f64;
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

/// Bytes that training on one image holds at most.
fn activation_bytes(config: &VitConfig) -> u64 {
    let mut values = 0;
    config.for_each_layer(|layer| {
        values += layer.output.len() as u64;
        if matches!(layer.kind, LayerKind::Attention(_)) {
            // Queries, keys, values and what the heads give.
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
