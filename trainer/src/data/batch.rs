//! Batches of normalised images: shuffled and augmented for training, in order for evaluation.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::{Result, ensure};
use rand::seq::SliceRandom;

use super::augment::Augment;
use super::random::{Purpose, stream};
use super::{Images, Normalisation};

/// Finished batches that wait for the consumer; one more is being assembled meanwhile.
const QUEUED_BATCHES: usize = 1;

/// Images and labels of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Normalised images, `[len, 3, height, width]`.
    pub images: Vec<f32>,
    /// Labels, `[len]`.
    pub labels: Vec<i32>,
    /// Number of images.
    pub len: usize,
}

/// Training batches: each epoch holds every image at most once, in a new order and augmented
/// anew.
#[derive(Clone, Debug)]
pub struct TrainBatches {
    images: Arc<Images>,
    batch_size: usize,
    augment: Augment,
    normalisation: Normalisation,
    seed: u64,
}

/// The batches of one epoch, assembled ahead of the consumer on a thread of their own.
///
/// Dropping it early ends the thread.
#[derive(Debug)]
pub struct Epoch {
    /// `None` only while being dropped.
    batches: Option<Receiver<Batch>>,
    worker: Option<JoinHandle<()>>,
    remaining: usize,
}

impl TrainBatches {
    /// Describes batches of `batch_size` images each.
    ///
    /// # Errors
    /// If there is not even one full batch, or the images are too small for the augmentation.
    pub fn new(
        images: impl Into<Arc<Images>>,
        batch_size: usize,
        augment: Augment,
        normalisation: Normalisation,
        seed: u64,
    ) -> Result<Self> {
        let images = images.into();
        ensure!(batch_size > 0, "a batch needs at least one image: raise the batch size");
        ensure!(
            batch_size <= images.len(),
            "{} training images do not fill one batch of {batch_size}: \
             lower the batch size or use more images",
            images.len()
        );
        augment.check(images.height(), images.width())?;
        Ok(Self { images, batch_size, augment, normalisation, seed })
    }

    /// Full batches in an epoch; the images left over take no part in that epoch.
    pub fn batches_per_epoch(&self) -> usize {
        self.images.len() / self.batch_size
    }

    /// Starts to assemble the batches of one epoch, which depend on the seed and `epoch` alone.
    pub fn epoch(&self, epoch: usize) -> Epoch {
        let (sender, receiver) = sync_channel(QUEUED_BATCHES);
        let batches = self.clone();
        Epoch {
            batches: Some(receiver),
            worker: Some(thread::spawn(move || batches.assemble(epoch, &sender))),
            remaining: self.batches_per_epoch(),
        }
    }

    /// Sends every batch of the epoch, or as many as are wanted.
    fn assemble(&self, epoch: usize, sender: &SyncSender<Batch>) {
        let mut rng = stream(self.seed, Purpose::Epoch(epoch as u64));
        let mut order: Vec<usize> = (0..self.images.len()).collect();
        order.shuffle(&mut rng);
        let image_len = self.images.image_len();
        let mut augmented = vec![0; image_len];
        for indices in order.chunks_exact(self.batch_size) {
            let mut batch = Batch::zeroed(indices.len(), image_len);
            for (&index, planes) in indices.iter().zip(batch.images.chunks_exact_mut(image_len)) {
                let image = self.images.image(index);
                self.augment.apply(image, self.images.height(), &mut rng, &mut augmented);
                self.normalisation.to_planes(&augmented, planes);
                batch.labels.push(self.images.label(index).into());
            }
            if sender.send(batch).is_err() {
                return;
            }
        }
    }
}

impl Iterator for Epoch {
    type Item = Batch;

    /// The next batch; waits for it where it is not finished.
    ///
    /// # Panics
    /// If the assembling thread panicked, with its panic.
    fn next(&mut self) -> Option<Batch> {
        let batch = self.batches.as_ref()?.recv().ok();
        match &batch {
            Some(_) => self.remaining -= 1,
            None => self.join(),
        }
        batch
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Epoch {}

impl Epoch {
    fn join(&mut self) {
        if let Some(Err(panic)) = self.worker.take().map(JoinHandle::join) {
            resume_unwind(panic);
        }
    }
}

impl Drop for Epoch {
    fn drop(&mut self) {
        // The worker may wait for room in the queue: without a receiver its send fails and it ends.
        self.batches = None;
        if let Some(worker) = self.worker.take() {
            // A panic of the worker was already reported on its thread; a second one would abort.
            worker.join().ok();
        }
    }
}

/// The images in order, without augmentation, for evaluation: every image once, the last batch
/// shorter where they do not divide.
///
/// # Panics
/// If `batch_size` is 0.
pub fn sequential(
    images: &Images,
    batch_size: usize,
    normalisation: Normalisation,
) -> impl ExactSizeIterator<Item = Batch> {
    assert!(batch_size > 0, "a batch needs at least one image");
    (0..images.len().div_ceil(batch_size)).map(move |index| {
        let start = index * batch_size;
        let end = images.len().min(start + batch_size);
        let mut batch = Batch::zeroed(end - start, images.image_len());
        for (index, planes) in (start..end).zip(batch.images.chunks_exact_mut(images.image_len())) {
            normalisation.to_planes(images.image(index), planes);
            batch.labels.push(images.label(index).into());
        }
        batch
    })
}

impl Batch {
    /// A batch whose images are still to be written and whose labels still to be pushed.
    fn zeroed(len: usize, image_len: usize) -> Self {
        Self { images: vec![0.0; len * image_len], labels: Vec::with_capacity(len), len }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RAW: Normalisation = Normalisation { mean: [0.0; 3], std: [1.0 / 255.0; 3] };

    /// Images of 2 × 2 pixels; every byte of image `i` is `i`, and so is its label.
    fn numbered(count: u8) -> Images {
        let pixels = (0..count).flat_map(|i| [i; 12]).collect();
        Images::new(2, 2, pixels, (0..count).map(u16::from).collect()).unwrap()
    }

    fn batches(images: Images, seed: u64) -> TrainBatches {
        TrainBatches::new(images, 4, Augment { shift: 1, flip: true }, RAW, seed).unwrap()
    }

    #[test]
    fn an_epoch_holds_every_image_once() {
        let epoch = batches(numbered(12), 1).epoch(0);
        assert_eq!(epoch.len(), 3, "batches");
        let mut labels = Vec::new();
        for batch in epoch {
            assert_eq!((batch.len, batch.images.len()), (4, 48), "shape");
            for (label, image) in batch.labels.iter().zip(batch.images.chunks_exact(12)) {
                let near = |value: &f32| (value - *label as f32).abs() < 1e-3;
                assert!(image.iter().all(near), "the pixels of {label} are {image:?}");
            }
            labels.extend(batch.labels);
        }
        assert_ne!(labels, (0..12).collect::<Vec<_>>(), "shuffled");
        labels.sort_unstable();
        assert_eq!(labels, (0..12).collect::<Vec<_>>(), "each image once");
    }

    #[test]
    fn a_short_batch_is_left_out_of_training() {
        let sizes: Vec<_> = batches(numbered(11), 1).epoch(0).map(|batch| batch.len).collect();
        assert_eq!(sizes, [4, 4], "only full batches");
    }

    #[test]
    fn seed_and_epoch_alone_decide() {
        let bytes = (0..20 * 12).map(|i| (i * 7 % 251) as u8).collect();
        let images = Images::new(2, 2, bytes, (0..20).collect()).unwrap();
        let run = |seed, epoch, pause| {
            let mut all = Vec::new();
            for batch in batches(images.clone(), seed).epoch(epoch) {
                thread::sleep(Duration::from_millis(pause));
                all.push(batch);
            }
            all
        };
        let first = run(1, 0, 0);
        assert_eq!(first, run(1, 0, 5), "a slow consumer sees the same");
        assert_ne!(first, run(1, 1, 0), "another epoch");
        assert_ne!(first, run(2, 0, 0), "another seed");
    }

    #[test]
    fn an_epoch_can_be_dropped_early() {
        let mut epoch = batches(numbered(200), 1).epoch(0);
        assert!(epoch.next().is_some(), "first batch");
        drop(epoch);
    }

    #[test]
    #[should_panic(expected = "the worker's own words")]
    fn a_panic_of_the_worker_reaches_the_consumer() {
        let (sender, receiver) = sync_channel(QUEUED_BATCHES);
        let worker = thread::spawn(move || {
            let _held = sender;
            panic!("the worker's own words");
        });
        let mut epoch = Epoch { batches: Some(receiver), worker: Some(worker), remaining: 1 };
        epoch.next();
    }

    #[test]
    fn evaluation_keeps_order_and_the_rest() {
        let all: Vec<_> = sequential(&numbered(10), 4, RAW).collect();
        let labels: Vec<_> = all.iter().flat_map(|batch| batch.labels.clone()).collect();
        assert_eq!(labels, (0..10).collect::<Vec<_>>(), "in order");
        assert_eq!(all.iter().map(|batch| batch.len).collect::<Vec<_>>(), [4, 4, 2], "sizes");
        assert_eq!(all[2].images.len(), 24, "a short batch has short images");
    }

    #[test]
    fn too_few_images_are_refused() {
        let error = TrainBatches::new(numbered(3), 4, Augment::NONE, RAW, 0).unwrap_err();
        assert!(error.to_string().contains("3 training images"), "{error}");
        assert!(TrainBatches::new(numbered(3), 0, Augment::NONE, RAW, 0).is_err(), "no size");
        let large = Augment { shift: 2, flip: false };
        assert!(TrainBatches::new(numbered(4), 4, large, RAW, 0).is_err(), "shift of 2 in 2");
    }
}
