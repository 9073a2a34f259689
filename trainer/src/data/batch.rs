//! Batches of normalised images: shuffled and augmented for training, in order for evaluation.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::{Result, ensure};
use rand::Rng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::augment::Augment;
use super::images::Images;
use super::mix::{Mix, Mixed, Rectangle};
use super::normalisation::Normalisation;
use super::random::{Purpose, stream};
use super::{background, hide};

/// Number of finished batches that wait for the consumer while the next one is assembled.
const QUEUED_BATCHES: usize = 1;

/// Images and labels of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Normalised images, `[len, 3, height, width]`.
    pub images: Vec<f32>,
    /// Labels, `[len]`.
    pub labels: Vec<i32>,
    /// The second images, if the batch is mixed.
    pub mixed: Option<Mixed>,
    /// New backgrounds for the images, `[len, 3, height, width]`, if the network is to choose what they replace.
    pub backgrounds: Option<Vec<f32>>,
    /// Which view each image is, if images have views.
    pub views: Option<Views>,
    /// What is known of the attributes of the images, `[len, attributes]`: 1, 0, or NaN where it is not known. `None`
    /// for mixed images, which show parts of two objects.
    pub attributes: Option<Vec<f32>>,
    /// Number of images.
    pub len: usize,
}

/// The images of a batch as rows of a table of all views: image times the number of views, plus the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Views {
    /// The row of each image.
    pub own: Vec<usize>,
    /// The row of the image that was mixed into each image; equal to `own` if the batch is not mixed.
    pub partners: Vec<usize>,
}

/// Some images of a batch, one after another, with their labels.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Normalised images, `[labels.len(), 3, height, width]`.
    pub images: &'a [f32],
    /// Labels.
    pub labels: &'a [i32],
    /// The label of the second image in each image, and the share of the original.
    pub mixed: Option<(&'a [i32], f32)>,
    /// The rectangle of the second image after `CutMix`.
    pub pasted: Option<&'a Rectangle>,
    /// New backgrounds for the images, as [`images`](Self::images).
    pub backgrounds: Option<&'a [f32]>,
    /// The rows of [`Views`] of the images and of the second images.
    pub views: Option<[&'a [usize]; 2]>,
    /// The attributes of the images, as those of the batch.
    pub attributes: Option<&'a [f32]>,
}

/// How training images are put into batches.
#[derive(Clone, Copy, Debug)]
pub struct BatchSpec {
    /// Images of a full batch; at least 1.
    pub size: usize,
    /// Whether the images left after the last full batch make a smaller batch; if not, the epoch leaves
    /// them out.
    pub partial: bool,
    /// Random changes to every image.
    pub augment: Augment,
    /// Number of augmented views of each image, which the epochs take in turn; `None` for new random
    /// changes in each epoch. Views depend on the image alone, not on the seed.
    pub views: Option<NonZeroUsize>,
    /// How images are mixed with each other.
    pub mix: Mix,
    /// Probability that cells of the images of a batch are hidden.
    pub hide: f64,
    /// Probability that the images of a batch get new backgrounds. Mixed images do not get one.
    pub background: f64,
    /// From pixels to the network's input.
    pub normalisation: Normalisation,
    /// Seed of order and augmentation.
    pub seed: u64,
}

/// Training batches: each epoch has every image at most once, in a new order and with new augmentation.
#[derive(Clone, Debug)]
pub struct TrainBatches {
    images: Arc<Images>,
    /// `[images, attributes]`, if the attributes are known.
    attributes: Option<Arc<[f32]>>,
    spec: BatchSpec,
}

/// The batches of one epoch. A thread assembles them ahead of the consumer.
///
/// Dropping it early ends the thread.
#[derive(Debug)]
pub struct Epoch {
    /// `None` only while being dropped.
    batches: Option<Receiver<Batch>>,
    worker: Option<JoinHandle<()>>,
    remaining: usize,
}

impl BatchSpec {
    /// Checks that batches can be made of these images.
    ///
    /// # Errors
    /// If there is not even one full batch, or the images are too small for the augmentation.
    pub fn check(&self, images: &Images) -> Result<()> {
        let size = self.size;
        ensure!(size > 0, "the batch size must be at least 1");
        ensure!(
            size <= images.len(),
            "{} training images do not fill one batch of {size}: \
             lower the batch size or use more images",
            images.len()
        );
        self.augment.check(images.height(), images.width())
    }
}

impl TrainBatches {
    /// Describes the batches of `images`.
    ///
    /// # Errors
    /// If there is not even one full batch, or the images are too small for the augmentation.
    pub fn new(images: impl Into<Arc<Images>>, spec: BatchSpec) -> Result<Self> {
        let images = images.into();
        spec.check(&images)?;
        Ok(Self { images, attributes: None, spec })
    }

    /// The same batches with the attributes of the images, `[images, attributes]`: 1, 0, or NaN where it is not known.
    #[must_use]
    pub fn with_attributes(self, attributes: impl Into<Arc<[f32]>>) -> Self {
        Self { attributes: Some(attributes.into()), ..self }
    }

    /// Batches of an epoch.
    pub fn batches_per_epoch(&self) -> usize {
        let (images, size) = (self.images.len(), self.spec.size);
        if self.spec.partial { images.div_ceil(size) } else { images / size }
    }

    /// Images of an epoch's batches.
    pub fn images_per_epoch(&self) -> usize {
        self.images.len().min(self.batches_per_epoch() * self.spec.size)
    }

    /// Starts to assemble the batches of one epoch, which depend only on the seed and `epoch`.
    pub fn epoch(&self, epoch: usize) -> Epoch {
        let (sender, receiver) = sync_channel(QUEUED_BATCHES);
        let batches = self.clone();
        Epoch {
            batches: Some(receiver),
            worker: Some(thread::spawn(move || batches.assemble(epoch, &sender))),
            remaining: self.batches_per_epoch(),
        }
    }

    /// Sends the batches of the epoch until the receiver is dropped.
    fn assemble(&self, epoch: usize, sender: &SyncSender<Batch>) {
        let epoch = epoch as u64;
        let mut order: Vec<usize> = (0..self.images.len()).collect();
        order.shuffle(&mut stream(self.spec.seed, Purpose::Order { epoch }));
        let order = &order[..self.images_per_epoch()];
        for (index, indices) in order.chunks(self.spec.size).enumerate() {
            if sender.send(self.batch(epoch, index, indices)).is_err() {
                return;
            }
        }
    }

    /// The batch of these images.
    fn batch(&self, epoch: u64, index: usize, indices: &[usize]) -> Batch {
        let BatchSpec { seed, size, views, .. } = self.spec;
        let place = |at: usize| (index * size + at) as u64;
        let mut batch = match views {
            None => self
                .augmented(indices, |at| stream(seed, Purpose::Image { epoch, place: place(at) })),
            Some(views) => self.augmented(indices, |at| {
                let image = indices[at];
                view_stream(image, view(image, epoch, views))
            }),
        };
        let mut rng = stream(seed, Purpose::Mix { epoch, batch: index as u64 });
        batch.mixed = self.spec.mix.apply(&mut batch.images, &batch.labels, self.sides(), &mut rng);
        let mut rng = stream(seed, Purpose::Hide { epoch, batch: index as u64 });
        hide::apply(self.spec.hide, &mut batch.images, self.sides(), &mut rng);
        if batch.mixed.is_none() {
            let mut rng = stream(seed, Purpose::Background { epoch, batch: index as u64 });
            batch.backgrounds =
                background::draw(self.spec.background, &batch.images, self.sides(), &mut rng);
            batch.attributes = self.attributes.as_ref().map(|all| {
                let count = all.len() / self.images.len();
                indices.iter().flat_map(|image| &all[image * count..][..count]).copied().collect()
            });
        }
        batch.views = views.map(|views| {
            let row = |&image: &usize| image * views.get() + view(image, epoch, views);
            let own: Vec<_> = indices.iter().map(row).collect();
            let mut partners = own.clone();
            partners.rotate_left(batch.mixed.as_ref().map_or(0, |mixed| mixed.step));
            Views { own, partners }
        });
        batch
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.images.len()
    }

    /// Height and width of the images in pixels.
    pub fn sides(&self) -> [usize; 2] {
        [self.images.height(), self.images.width()]
    }

    /// One view of the images of a range, in order and not mixed.
    ///
    /// # Panics
    /// If the range is outside the images.
    pub fn view(&self, images: Range<usize>, view: usize) -> Batch {
        let indices: Vec<_> = images.collect();
        self.augmented(&indices, |at| view_stream(indices[at], view))
    }

    /// These images, augmented. All cores work on them, each image with the random stream of its place.
    fn augmented<R: Rng>(&self, indices: &[usize], stream: impl Fn(usize) -> R + Sync) -> Batch {
        let (height, image_len) = (self.images.height(), self.images.image_len());
        let mut batch = Batch::zeroed(indices.len(), image_len);
        let planes = batch.images.par_chunks_exact_mut(image_len).zip(indices).enumerate();
        planes.for_each(|(at, (planes, &image))| {
            let mut changed = vec![0; image_len];
            let image = self.images.image(image);
            self.spec.augment.apply(image, height, &mut stream(at), &mut changed);
            self.spec.normalisation.to_planes(&changed, planes);
        });
        batch.labels.extend(indices.iter().map(|&image| i32::from(self.images.label(image))));
        batch
    }
}

/// The view of an image in an epoch. Different images begin with different views, so that no epoch has the
/// same view of all.
const fn view(image: usize, epoch: u64, views: NonZeroUsize) -> usize {
    (image + epoch as usize) % views.get()
}

/// The random stream of a view.
fn view_stream(image: usize, view: usize) -> impl Rng {
    stream(0, Purpose::View { image: image as u64, view: view as u64 })
}

impl Iterator for Epoch {
    type Item = Batch;

    /// The next batch; waits until it is finished.
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
        // The worker may wait for room in the queue. Without a receiver its send fails and it ends.
        self.batches = None;
        if let Some(worker) = self.worker.take() {
            // The thread has reported its own panic; a second one here would abort.
            worker.join().ok();
        }
    }
}

/// The images in order and without augmentation, for evaluation. The last batch may be shorter.
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
    /// The batch in parts of at most `len` images each, in order.
    ///
    /// # Panics
    /// If `len` is 0.
    pub fn parts(&self, len: usize) -> impl Iterator<Item = Part<'_>> {
        let image_len = self.images.len() / self.len.max(1);
        let images = self.images.chunks(len * image_len.max(1));
        images.zip(self.labels.chunks(len)).enumerate().map(move |(part, (images, labels))| {
            let here = part * len..part * len + labels.len();
            let mixed = self.mixed.as_ref();
            let pasted = mixed.and_then(|mixed| mixed.pasted.as_ref());
            let mixed = mixed.map(|mixed| (&mixed.partners[here.clone()], mixed.share));
            let backgrounds = self.backgrounds.as_ref().map(|all| {
                let start = part * len * image_len;
                &all[start..start + images.len()]
            });
            let views = self.views.as_ref();
            let views =
                views.map(|views| [&views.own, &views.partners].map(|rows| &rows[here.clone()]));
            let attributes = self.attributes.as_ref().map(|all| {
                let count = all.len() / self.len;
                &all[here.start * count..here.end * count]
            });
            Part { images, labels, mixed, pasted, backgrounds, views, attributes }
        })
    }

    /// A batch with space for its images and labels.
    fn zeroed(len: usize, image_len: usize) -> Self {
        Self {
            images: vec![0.0; len * image_len],
            labels: Vec::with_capacity(len),
            mixed: None,
            backgrounds: None,
            views: None,
            attributes: None,
            len,
        }
    }
}

#[cfg(test)]
mod tests;
