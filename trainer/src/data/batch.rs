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

/// Finished batches that wait for the consumer, while the next one is assembled.
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
    /// Which view each image is, if images have views.
    pub views: Option<Views>,
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
    /// The rows of [`Views`] of the images and of the second images.
    pub views: Option<[&'a [usize]; 2]>,
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
    /// From pixels to the network's input.
    pub normalisation: Normalisation,
    /// Seed of order and augmentation.
    pub seed: u64,
}

/// Training batches: each epoch has every image at most once, in a new order and with new augmentation.
#[derive(Clone, Debug)]
pub struct TrainBatches {
    images: Arc<Images>,
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
        Ok(Self { images, spec })
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
            let views = self.views.as_ref();
            let views =
                views.map(|views| [&views.own, &views.partners].map(|rows| &rows[here.clone()]));
            Part { images, labels, mixed, pasted, views }
        })
    }

    /// A batch with space for its images and labels.
    fn zeroed(len: usize, image_len: usize) -> Self {
        Self {
            images: vec![0.0; len * image_len],
            labels: Vec::with_capacity(len),
            mixed: None,
            views: None,
            len,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RAW: Normalisation = Normalisation::PIXELS;

    /// Images of 2 × 2 pixels; every byte of image `i` is `i`, and so is its label.
    fn numbered(count: u8) -> Images {
        let pixels = (0..count).flat_map(|i| [i; 12]).collect();
        Images::new(2, 2, pixels, (0..count).map(u16::from).collect()).unwrap()
    }

    fn spec(seed: u64) -> BatchSpec {
        let augment = Augment { shift: 1, flip: true, strong: None };
        let mix = Mix::default();
        BatchSpec { size: 4, partial: false, augment, views: None, mix, normalisation: RAW, seed }
    }

    fn batches(images: Images, seed: u64) -> TrainBatches {
        TrainBatches::new(images, spec(seed)).unwrap()
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
        let spec = BatchSpec { partial: true, ..spec(1) };
        let batches = TrainBatches::new(numbered(11), spec).unwrap();
        let sizes: Vec<_> = batches.epoch(0).map(|batch| batch.len).collect();
        assert_eq!(sizes, [4, 4, 3], "the rest too");
        assert_eq!((batches.batches_per_epoch(), batches.images_per_epoch()), (3, 11), "counts");
    }

    #[test]
    fn parts_keep_order_and_the_rest() {
        let batch = batches(numbered(8), 1).epoch(0).next().unwrap();
        let parts: Vec<_> = batch.parts(3).collect();
        let sizes: Vec<_> =
            parts.iter().map(|part| (part.labels.len(), part.images.len())).collect();
        assert_eq!(sizes, [(3, 36), (1, 12)], "labels and values");
        assert_eq!(parts[1].images, &batch.images[36..], "the last image");
        let mix = Mix { mixup: 1.0, cutmix: 0.0 };
        let batches = TrainBatches::new(numbered(8), BatchSpec { mix, ..spec(1) }).unwrap();
        let batch = batches.epoch(0).next().unwrap();
        let Mixed { partners, share, .. } = batch.mixed.clone().expect("always mixed");
        let last = batch.parts(3).nth(1).and_then(|part| part.mixed);
        assert_eq!(last, Some((&partners[3..], share)), "the last image's partner");
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
    fn views_are_taken_in_turn_and_depend_on_the_image_alone() {
        let bytes = (0..8 * 12).map(|i| (i * 7 % 251) as u8).collect();
        let images = Images::new(2, 2, bytes, (0..8).collect()).unwrap();
        let views = NonZeroUsize::new(3);
        let rows = |seed, epoch| {
            let spec = BatchSpec { views, ..spec(seed) };
            let batches = TrainBatches::new(images.clone(), spec).unwrap();
            let mut rows = Vec::new();
            for batch in batches.epoch(epoch) {
                let Views { own, partners } = batch.views.expect("views");
                assert_eq!(own, partners, "not mixed");
                for (at, row) in own.into_iter().enumerate() {
                    let (image, view) = (row / 3, row % 3);
                    assert_eq!(batch.labels[at], image as i32, "its image");
                    let planes = &batch.images[at * 12..][..12];
                    let expected = batches.view(image..image + 1, view);
                    assert_eq!(planes, expected.images, "image {image}, view {view}");
                    rows.push(row);
                }
            }
            rows.sort_unstable();
            rows
        };
        assert_eq!(rows(1, 0), rows(2, 3), "another seed, three epochs later");
        let mut all: Vec<_> = (0..3).flat_map(|epoch| rows(1, epoch)).collect();
        all.sort_unstable();
        assert_eq!(all, (0..24).collect::<Vec<_>>(), "three epochs have every view once");
    }

    #[test]
    fn the_partner_of_a_mixed_image_has_its_view() {
        let mix = Mix { mixup: 0.0, cutmix: 1.0 };
        let spec = BatchSpec { views: NonZeroUsize::new(2), mix, ..spec(1) };
        let batch = TrainBatches::new(numbered(8), spec).unwrap().epoch(0).next().unwrap();
        let partners = batch.mixed.as_ref().expect("always mixed").partners.clone();
        let rows: Vec<_> =
            batch.parts(3).flat_map(|part| part.views.unwrap()[1].to_vec()).collect();
        let images: Vec<_> = rows.iter().map(|row| (row / 2) as i32).collect();
        assert_eq!(images, partners, "the row belongs to the image that was pasted");
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
        let refused = |images, spec| TrainBatches::new(images, spec).unwrap_err().to_string();
        let error = refused(numbered(3), spec(0));
        assert!(error.contains("3 training images"), "{error}");
        assert!(
            refused(numbered(3), BatchSpec { size: 0, ..spec(0) }).contains("at least 1"),
            "no size"
        );
        let large = Augment { shift: 2, ..Augment::NONE };
        let error = refused(numbered(4), BatchSpec { augment: large, ..spec(0) });
        assert!(error.contains("at most 1"), "shift of 2 in 2: {error}");
    }
}
