//! The programs that classify, and what this computer must find for the same pictures.

use anyhow::{Context, Result};
use firmware::images::{PHOTOGRAPHS, test_image};
use firmware::picture;
use kit::fnv::Fnv1a;
use runtime::Model;
use runtime::camera::{Frame, Size};

/// A program of the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Classifies photographs that are in flash.
    Classify,
    /// Classifies pictures of a camera row by row.
    Camera,
}

/// Classes and hash of all logits.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The class of each image.
    pub classes: Vec<String>,
    /// As the firmware prints it.
    pub hash: String,
}

impl Program {
    /// Every program.
    pub const ALL: [Self; 2] = [Self::Classify, Self::Camera];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classify => "classify",
            Self::Camera => "camera",
        }
    }

    /// Bytes of test images in its flash.
    pub const fn images_len(self) -> usize {
        match self {
            Self::Classify => size_of_val(PHOTOGRAPHS),
            Self::Camera => 0,
        }
    }

    /// Counted regions of one image.
    pub const fn regions(self) -> usize {
        match self {
            Self::Classify => 1,
            // Each row, and what remains after the last one.
            Self::Camera => picture::SIZE.height + 1,
        }
    }

    /// Classifies the first `count` images as the program does, but from whole images in memory.
    pub fn answer(self, model: &Model<'_>, count: usize) -> Result<Answer> {
        let mut arena = vec![0; model.arena_len()];
        let mut image = vec![0; model.config().image().len()];
        let mut hash = Fnv1a::new();
        let mut classes = Vec::new();
        for index in 0..count {
            match self {
                Self::Classify => test_image(index, &mut image),
                Self::Camera => centre(model, index, &mut image)?,
            }
            let output =
                model.run(&image, &mut arena).context("cannot run the network on this computer")?;
            hash.extend(output.logits().iter().copied());
            classes.push(output.class().to_string());
        }
        Ok(Answer { classes, hash: hash.to_string() })
    }
}

/// The image of the middle of a picture, from a frame in memory.
fn centre(model: &Model<'_>, index: usize, image: &mut [u8]) -> Result<()> {
    let grid = model.config().image();
    let mut bytes = vec![0; picture::ROW_LEN * picture::SIZE.height];
    for (y, row) in bytes.as_chunks_mut().0.iter_mut().enumerate() {
        picture::row(index, y, row);
    }
    let frame = Frame::new(&bytes, picture::SIZE, picture::ROW_LEN, picture::FORMAT)?;
    let size = Size { width: grid.width, height: grid.height };
    Ok(frame.resize(frame.centre_square(), size, image)?)
}
