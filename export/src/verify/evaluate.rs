//! Runs a blob in the runtime on labelled images.

use crate::blob::AnyModel;
use anyhow::{Result, anyhow, bail};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use trainer::data::Images;

/// Images that a thread takes at a time.
const CHUNK: usize = 16;

/// How many images were classified as labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Accuracy {
    /// Images classified as labelled.
    pub correct: usize,
    /// All images.
    pub images: usize,
}

impl Accuracy {
    /// Counts the classes that equal their image's label.
    pub fn count(classes: &[usize], images: &Images) -> Self {
        let labels = images.labels().iter().map(|&label| usize::from(label));
        let correct = classes.iter().zip(labels).filter(|(class, label)| *class == label).count();
        Self { correct, images: images.len() }
    }

    /// Counts the images to which two classifiers give the same class.
    pub fn agreement(first: &[usize], second: &[usize]) -> Self {
        let correct = first.iter().zip(second).filter(|(first, second)| first == second).count();
        Self { correct, images: first.len() }
    }

    /// 0..=100.
    pub fn percent(self) -> f64 {
        100.0 * self.correct as f64 / self.images.max(1) as f64
    }
}

impl core::fmt::Display for Accuracy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:.2} % ({}/{})", self.percent(), self.correct, self.images)
    }
}

/// Classifies every image on all cores; `progress` counts images.
///
/// # Errors
/// If the images have another size or more classes than the model.
pub fn classify(
    model: &AnyModel<'_>,
    images: &Images,
    progress: impl Fn(usize) + Sync,
) -> Result<Vec<usize>> {
    let classes = model.config().classes();
    if let Some(label) = images.labels().iter().find(|&&label| usize::from(label) >= classes) {
        bail!("an image is labelled {label}, the model knows classes 0 to {}", classes - 1);
    }
    each(model, images, |image, arena| Ok(model.class(image, arena)?), progress)
}

/// Calls `run` for every image, on all cores, with an arena for `model`; `progress` counts images.
///
/// # Errors
/// If the images have another size than the model's input, or a call fails.
pub(super) fn each<T: Clone + Default + Send>(
    model: &AnyModel<'_>,
    images: &Images,
    run: impl Fn(&[u8], &mut [u8]) -> Result<T> + Sync,
    progress: impl Fn(usize) + Sync,
) -> Result<Vec<T>> {
    let image = model.config().image();
    if (images.height(), images.width()) != (image.height, image.width) {
        bail!(
            "the images are {} x {} pixels, the model reads {} x {}",
            images.height(),
            images.width(),
            image.height,
            image.width
        );
    }
    let mut found = vec![T::default(); images.len()];
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let slots: Vec<_> = found.chunks_mut(CHUNK).map(std::sync::Mutex::new).collect();
    let work = || -> Result<()> {
        let mut arena = vec![0; model.arena_len_fast()];
        loop {
            let chunk = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = slots.get(chunk) else {
                return Ok(());
            };
            let mut slot = slot.lock().map_err(|_| anyhow!("another thread failed"))?;
            for (at, found) in slot.iter_mut().enumerate() {
                *found = run(images.image(chunk * CHUNK + at), &mut arena)?;
            }
            progress(slot.len());
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            thread.join().map_err(|_| anyhow!("a thread of the evaluation failed"))??;
        }
        Ok::<(), anyhow::Error>(())
    })?;
    drop(slots);
    Ok(found)
}
