//! `trainer images`: test images as pictures, to try a network on.

use std::io::Cursor;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use image::{ImageFormat, RgbImage};

use super::dataset;
use crate::data::download::DownloadArgs;
use crate::data::{Dataset, Images};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ImagesArgs {
    /// Directory to write the pictures to; made if it is not there.
    out: PathBuf,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: usize,
    /// Directory with the binary version of CIFAR-10, instead of the embedded images.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    images: DownloadArgs,
}

impl ImagesArgs {
    pub(super) fn run(self) -> Result<()> {
        let Dataset { test, classes, .. } = dataset(self.data.as_deref(), &self.images)?;
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot make {}", self.out.display()))?;
        let count = self.count.min(test.len());
        for index in 0..count {
            let class = &classes[usize::from(test.label(index))];
            let path = self.out.join(format!("{index:04}_{class}.png"));
            output::write(&path, &png(&test, index)?)?;
        }
        println!("wrote the first {count} test images to {}", self.out.display());
        Ok(())
    }
}

fn png(images: &Images, index: usize) -> Result<Vec<u8>> {
    let (width, height) = (u32::try_from(images.width())?, u32::try_from(images.height())?);
    let picture = RgbImage::from_raw(width, height, images.image(index).to_vec());
    let picture = picture.context("an image has all its pixels")?;
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_pixels() {
        let pixels: Vec<u8> = (0..2 * 4 * 3 * 2).collect();
        let images = Images::new(2, 4, pixels, vec![0, 1]).unwrap();
        let picture = image::load_from_memory(&png(&images, 1).unwrap()).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (4, 2), "width and height");
        assert_eq!(picture.as_raw(), images.image(1), "pixels");
    }
}
