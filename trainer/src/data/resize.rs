//! Cuts and resizes the images of a data set to the size of a network's input.

use pictures::centre;
use rayon::prelude::*;
use runtime::config::{IMAGE_CHANNELS, ImageSpec};

use super::dataset::Dataset;
use super::images::Images;

impl Dataset {
    /// The same images in another size.
    #[must_use]
    pub fn resized(self, size: ImageSpec) -> Self {
        Self {
            train: resized(self.train, size),
            validation: self.validation.map(|images| resized(images, size)),
            test: resized(self.test, size),
            ..self
        }
    }
}

fn resized(images: Images, size: ImageSpec) -> Images {
    let (height, width) = (usize::from(size.height), usize::from(size.width));
    if (images.height(), images.width()) == (height, width) {
        return images;
    }
    let image_len = height * width * IMAGE_CHANNELS;
    let mut pixels = vec![0; images.len() * image_len];
    pixels.par_chunks_exact_mut(image_len.max(1)).enumerate().for_each(|(index, pixels)| {
        pixels.copy_from_slice(&centre(&images.picture(index), (width as u32, height as u32)));
    });
    let labels = images.labels().to_vec();
    let names = (0..images.len()).filter_map(|index| images.name(index).map(Into::into)).collect();
    Images::with_names(height, width, pixels, labels, names).expect("images of the size asked for")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(width: u16, height: u16) -> ImageSpec {
        ImageSpec { height, width }
    }

    #[test]
    fn a_resized_data_set_keeps_its_labels_and_names() {
        let names = ["b.png", "a.png"].map(Into::into).to_vec();
        let pixels = [[9; 48], [200; 48]].concat();
        let images = Images::with_names(4, 4, pixels, vec![1, 0], names).unwrap();
        let found = resized(images.clone(), size(6, 3));
        assert_eq!((found.height(), found.width()), (3, 6), "size");
        assert_eq!(found.labels(), [1, 0], "labels");
        assert_eq!((found.name(0), found.name(1)), (Some("b.png"), Some("a.png")), "names");
        assert!(found.image(1).iter().all(|&value| value == 200), "pixels of the second");
        assert_eq!(resized(images.clone(), size(4, 4)), images, "the same size");
    }
}
