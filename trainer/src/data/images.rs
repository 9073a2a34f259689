//! Labelled RGB images of one size in one buffer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use image::{ImageFormat, RgbImage};
use rand::seq::SliceRandom;
use runtime::config::IMAGE_CHANNELS;

use super::random::{Purpose, stream};

/// Labelled RGB images of one size.
///
/// A pixel component is a u8; the order within an image is row, column, channel (HWC), rows top
/// to bottom, channels red, green, blue. Image `i` has the label `labels[i]`. A part of the images, such as
/// [`take`](Self::take) gives, shares their memory.
#[derive(Clone, Debug)]
pub struct Images {
    height: usize,
    width: usize,
    store: Arc<Store>,
    /// Where each image is in the store.
    places: Vec<u32>,
    labels: Vec<u16>,
}

/// The memory that sets of images share.
#[derive(Debug)]
struct Store {
    pixels: Vec<u8>,
    /// A name for each image, or none for all.
    names: Vec<Box<str>>,
}

impl Images {
    /// Makes images from `pixels`, one image of `height · width · 3` bytes after another, and from one label
    /// for each image.
    ///
    /// # Errors
    /// If a side is 0, `pixels` does not have `height · width · 3` bytes for each label, or there are
    /// more than 2³² images.
    pub fn new(height: usize, width: usize, pixels: Vec<u8>, labels: Vec<u16>) -> Result<Self> {
        Self::with_names(height, width, pixels, labels, Vec::new())
    }

    /// As [`new`](Self::new), with the name of each image's file; none for all if they have no files.
    ///
    /// # Errors
    /// As [`new`](Self::new), or if some images have names and others do not.
    pub fn with_names(
        height: usize,
        width: usize,
        pixels: Vec<u8>,
        labels: Vec<u16>,
        names: Vec<Box<str>>,
    ) -> Result<Self> {
        ensure!(
            u32::try_from(height.max(width)).is_ok(),
            "images of {height} x {width} pixels are too large"
        );
        ensure!(
            height > 0 && width > 0,
            "images of {height} x {width} pixels are empty: both sides must be at least 1"
        );
        let expected =
            [width, IMAGE_CHANNELS, labels.len()].into_iter().try_fold(height, usize::checked_mul);
        ensure!(
            expected == Some(pixels.len()),
            "{} images of {height} x {width} RGB pixels cannot have {} bytes",
            labels.len(),
            pixels.len()
        );
        ensure!(names.is_empty() || names.len() == labels.len(), "a name for each image, or none");
        let count = u32::try_from(labels.len()).context("there are more than 2^32 images")?;
        let store = Arc::new(Store { pixels, names });
        Ok(Self { height, width, store, places: (0..count).collect(), labels })
    }

    /// Number of images.
    pub const fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub const fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Rows of every image.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Columns of every image.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Bytes of one image: `height · width · 3`.
    pub const fn image_len(&self) -> usize {
        self.height * self.width * IMAGE_CHANNELS
    }

    /// Image `i`, `[height, width, 3]`.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len).
    pub fn image(&self, i: usize) -> &[u8] {
        &self.store.pixels[self.places[i] as usize * self.image_len()..][..self.image_len()]
    }

    /// The name of the file that image `i` was read from, relative to the directory of all images; `None`
    /// if it has no file of its own.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len).
    pub fn name(&self, i: usize) -> Option<&str> {
        self.store.names.get(self.places[i] as usize).map(AsRef::as_ref)
    }

    /// Whether the images were read from files of their own.
    pub fn have_names(&self) -> bool {
        !self.store.names.is_empty()
    }

    /// Image `i` as a PNG file.
    ///
    /// # Errors
    /// If a side is too large for PNG.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len).
    pub fn png(&self, i: usize) -> Result<Vec<u8>> {
        let mut bytes = Cursor::new(Vec::new());
        self.picture(i).write_to(&mut bytes, ImageFormat::Png)?;
        Ok(bytes.into_inner())
    }

    /// Image `i` as a picture.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len).
    pub(super) fn picture(&self, i: usize) -> RgbImage {
        let [width, height] = [self.width, self.height].map(|side| side as u32);
        RgbImage::from_raw(width, height, self.image(i).to_vec()).expect("all pixels of an image")
    }

    /// Label of image `i`.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len).
    pub fn label(&self, i: usize) -> u16 {
        self.labels[i]
    }

    /// All labels, in the order of the images.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// All images one after another, `[len, height, width, 3]`; a copy if they are in another order in
    /// memory.
    pub fn pixels(&self) -> Cow<'_, [u8]> {
        let first = self.places.first().copied().unwrap_or(0);
        if self.places.iter().copied().eq(first..first + self.places.len() as u32) {
            let first = first as usize * self.image_len();
            return Cow::Borrowed(&self.store.pixels[first..][..self.len() * self.image_len()]);
        }
        Cow::Owned((0..self.len()).flat_map(|i| self.image(i)).copied().collect())
    }

    /// The first `n` images, or all if there are fewer.
    #[must_use]
    pub fn take(&self, n: usize) -> Self {
        let n = n.min(self.len());
        Self {
            store: Arc::clone(&self.store),
            places: self.places[..n].to_vec(),
            labels: self.labels[..n].to_vec(),
            ..*self
        }
    }

    /// The images whose label has a new label in `labels`, with their new labels.
    ///
    /// # Panics
    /// If `labels` is shorter than the largest label.
    #[must_use]
    pub(super) fn relabelled(&self, labels: &[Option<u16>]) -> Self {
        let of = |&index: &usize| labels[usize::from(self.label(index))];
        let kept: Vec<usize> = (0..self.len()).filter(|index| of(index).is_some()).collect();
        let labels = kept.iter().filter_map(of).collect();
        Self { labels, ..self.subset(&kept) }
    }

    /// At most `n` images of each class, chosen at random and in random order. The same seed gives the same
    /// images.
    #[must_use]
    pub fn sample_of_each(&self, n: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(&mut stream(seed, Purpose::Sample));
        let mut chosen = BTreeMap::<u16, usize>::new();
        order.retain(|&index| {
            let chosen = chosen.entry(self.label(index)).or_default();
            *chosen += 1;
            *chosen <= n
        });
        self.subset(&order)
    }

    /// `n` random images in random order. If there are fewer, all images in random order. The same seed
    /// gives the same images.
    #[must_use]
    pub fn sample(&self, n: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(&mut stream(seed, Purpose::Sample));
        self.subset(&order[..n.min(self.len())])
    }

    /// The images at `indices`, in that order; an index may occur more than once.
    ///
    /// # Panics
    /// If an index is not below [`len`](Self::len).
    #[must_use]
    pub fn subset(&self, indices: &[usize]) -> Self {
        Self {
            store: Arc::clone(&self.store),
            places: indices.iter().map(|&i| self.places[i]).collect(),
            labels: indices.iter().map(|&i| self.label(i)).collect(),
            ..*self
        }
    }
}

/// Equal images with equal labels and names, in any place in memory.
impl PartialEq for Images {
    fn eq(&self, other: &Self) -> bool {
        let same = |i| self.image(i) == other.image(i) && self.name(i) == other.name(i);
        (self.height, self.width, &self.labels) == (other.height, other.width, &other.labels)
            && (0..self.len()).all(same)
    }
}

impl Eq for Images {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three images of 1 × 2 pixels; image `i` holds `10i .. 10i + 6`.
    fn three() -> Images {
        let pixels = (0..3).flat_map(|i| (0..6).map(move |byte| 10 * i + byte)).collect();
        Images::new(1, 2, pixels, vec![7, 8, 9]).unwrap()
    }

    #[test]
    fn an_image_is_its_own_slice() {
        let images = three();
        assert_eq!((images.len(), images.height(), images.width()), (3, 1, 2), "sizes");
        assert_eq!(images.image(1), [10, 11, 12, 13, 14, 15], "second image");
        assert_eq!(images.label(1), 8, "second label");
    }

    #[test]
    fn take_keeps_the_first_images() {
        let two = three().take(2);
        assert_eq!(two.labels(), [7, 8], "labels of the first two");
        assert_eq!(two.image(1), three().image(1), "pixels of the second");
        assert_eq!(three().take(99), three(), "no more than there are");
    }

    #[test]
    fn subset_follows_the_indices() {
        let chosen = three().subset(&[2, 0, 2]);
        assert_eq!(chosen.labels(), [9, 7, 9], "labels");
        assert_eq!(chosen.image(0), three().image(2), "first chosen image");
        assert_eq!(chosen.image(1), three().image(0), "second chosen image");
    }

    #[test]
    fn a_sample_has_as_many_of_each_class() {
        let labels: Vec<u16> = (0..50).map(|index| u16::from(index % 5 == 0)).collect();
        let images = Images::new(1, 1, (0..150).collect(), labels).unwrap();
        let sample = images.sample_of_each(12, 1);
        let count = |label| sample.labels().iter().filter(|&&found| found == label).count();
        assert_eq!((count(0), count(1)), (12, 10), "all ten of the rare class");
        assert_ne!(sample, images.sample_of_each(12, 2), "another seed");
    }

    #[test]
    fn names_and_pixels_follow_the_images() {
        let names = ["a", "b", "c"].map(Into::into).to_vec();
        let images = Images::with_names(1, 1, vec![0, 0, 0, 1, 1, 1, 2, 2, 2], vec![7; 3], names);
        let chosen = images.unwrap().subset(&[2, 0]);
        assert_eq!([chosen.name(0), chosen.name(1)], [Some("c"), Some("a")], "names");
        assert_eq!(*chosen.pixels(), [2, 2, 2, 0, 0, 0], "pixels in the new order");
        assert_eq!(*three().subset(&[1, 2]).pixels(), three().pixels()[6..], "a part in order");
        assert_eq!((three().name(0), three().have_names()), (None, false), "no names");
        assert_ne!(chosen, chosen.subset(&[1, 0]), "another order");
        let half = vec!["a".into()];
        assert!(Images::with_names(1, 1, vec![0; 6], vec![0; 2], half).is_err(), "half of them");
    }

    #[test]
    fn wrong_lengths_are_refused() {
        let error = Images::new(2, 2, vec![0; 11], vec![0]).unwrap_err().to_string();
        assert!(error.contains("2 x 2") && error.contains("11 bytes"), "{error}");
        assert!(Images::new(0, 2, Vec::new(), vec![0]).is_err(), "no rows");
        assert!(Images::new(usize::MAX, 2, Vec::new(), vec![0]).is_err(), "size overflows");
        assert!(Images::new(2, 2, Vec::new(), Vec::new()).unwrap().is_empty(), "no images");
    }

    #[test]
    fn a_sample_is_random_and_repeatable() {
        let labels: Vec<u16> = (0..50).collect();
        let images = Images::new(1, 1, vec![0; 150], labels).unwrap();
        let sample = images.sample(20, 1);
        assert_eq!(sample, images.sample(20, 1), "the same seed");
        assert_ne!(sample, images.sample(20, 2), "another seed");
        let mut labels = images.sample(100, 1).labels().to_vec();
        labels.sort_unstable();
        assert_eq!(labels, images.labels(), "no more than there are, each once");
    }

    #[test]
    fn a_picture_keeps_its_pixels() {
        let pixels: Vec<u8> = (0..2 * 4 * 3 * 2).collect();
        let images = Images::new(2, 4, pixels, vec![0, 1]).unwrap();
        let picture = image::load_from_memory(&images.png(1).unwrap()).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (4, 2), "width and height");
        assert_eq!(picture.as_raw(), images.image(1), "pixels");
    }
}
