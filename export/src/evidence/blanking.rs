//! Blanking: the accuracy that is left when the least or the most important half of each image is replaced.
//!
//! The tokens of an image are sorted by a map for the class that the network gives it. The pixels of one
//! half of them are replaced. With a good map, the accuracy falls little for the least important half and
//! much for the most important one. Pixels of another image show whether the network recognizes the object in
//! front of any background. Attributes are judged on the same images: an attribute should be found whatever
//! stands behind the object.
//!
//! # Source
//! Samek et al., *Evaluating the Visualization of What a Deep Neural Network Has Learned*, 2017. An image
//! with a fill does not look like the training images, so several fills are tried (Hooker et al., *A
//! Benchmark for Interpretability Methods in Deep Neural Networks*, 2019).

use super::fill::{Fill, background, filled, other};
use super::maps::{MapKind, evidence};
use crate::verify::{Said, Truth};
use anyhow::{Context, Result};
use rayon::prelude::*;
use runtime::config::Grid;
use runtime::explain::Tiling;
use runtime::{Attributes, Model};
use trainer::data::Images;
use trainer::evidence::Half;

/// Mean average precision of attributes.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Precision {
    /// With the logits of the attributes.
    pub attributes: Option<f64>,
    /// With the sum of the probabilities of the classes that have the attribute.
    pub from_classes: Option<f64>,
}

/// The accuracy that is left after one way of blanking.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Left {
    /// The map that sorted the tokens.
    pub map: MapKind,
    /// What the pixels were replaced by.
    pub fill: Fill,
    /// Which tokens lost their pixels.
    pub half: Half,
    /// Share of all images that are classified correctly, 0 to 1.
    pub accuracy: f64,
    /// The precision of attributes, if the blob has attributes.
    pub attributes: Option<Precision>,
}

/// The results for unchanged images, and after each way of blanking.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Blanked {
    /// Number of images.
    pub images: usize,
    /// Share of the unchanged images that are classified correctly, 0 to 1.
    pub whole: f64,
    /// The precision of attributes on the unchanged images, if the blob has attributes.
    pub attributes: Option<Precision>,
    /// The results after each way of blanking.
    pub left: Vec<Left>,
}

/// All kinds of blanked images, in the order of tables.
fn kinds() -> impl Iterator<Item = (MapKind, Fill, Half)> {
    Fill::ALL.into_iter().flat_map(|fill| {
        Half::ALL
            .into_iter()
            .flat_map(move |half| MapKind::ALL.into_iter().map(move |map| (map, fill, half)))
    })
}

/// Blanks each image in every way, and classifies it. With `known`, the attributes of a blob are compared with the
/// known attributes of the images. `progress` counts images.
///
/// # Errors
/// If the model has no evidence or reads images of another size.
pub fn blanking(
    model: &Model<'_>,
    images: &Images,
    grid: Grid,
    known: Option<(&Attributes<'_>, &Truth)>,
    progress: impl Fn(usize) + Sync,
) -> Result<Blanked> {
    let tiling = Tiling::of(model.config()).context("the tokens form no grid")?;
    let head = known.map(|(head, _)| head);
    let said = (0..images.len()).into_par_iter().map_init(
        || vec![0; model.arena_len_fast()],
        |arena, index| {
            let pixels = images.image(index);
            let whole = Said::new(&model.run(pixels, arena)?, head)?;
            let (found, _) = evidence(model, pixels, arena, Some(whole.class))?;
            let other = other(images, index);
            let (of_other, _) = evidence(model, images.image(other), arena, None)?;
            let fills = Fill::ALL.map(|fill| filled(images, (index, other), fill));
            let mut said = vec![whole];
            for (map, fill, half) in kinds() {
                let chosen = half.of(&map.map(&found, grid, index));
                let pixels_of_fill =
                    fills[fill as usize].as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
                let fill = match fill {
                    Fill::Background => {
                        let least = Half::Least.of(&map.map(&of_other, grid, other));
                        &background(images.width(), pixels_of_fill, &chosen, &least, &tiling)
                    }
                    Fill::Mean | Fill::Blur | Fill::Other => pixels_of_fill,
                };
                let blanked = blanked(images.width(), pixels, fill, &chosen, &tiling);
                said.push(Said::new(&model.run(&blanked, arena)?, head)?);
            }
            progress(1);
            Ok(said)
        },
    );
    let said = said.collect::<Result<Vec<_>>>()?;
    // The unchanged images come first, then each way of blanking.
    let of = |at: usize| said.iter().map(move |image| &image[at]);
    let accuracy = |at: usize| {
        let labels = images.labels().iter().map(|&label| usize::from(label));
        let right = of(at).zip(labels).filter(|(said, label)| said.class == *label);
        right.count() as f64 / images.len().max(1) as f64
    };
    let precision = |at: usize| {
        let scores = known?.1.scores(of(at));
        let (attributes, from_classes) = (scores.mean_precision(), scores.mean_from_classes());
        Some(Precision { attributes, from_classes })
    };
    let left = kinds().enumerate().map(|(at, (map, fill, half))| {
        let (accuracy, attributes) = (accuracy(at + 1), precision(at + 1));
        Left { map, fill, half, accuracy, attributes }
    });
    Ok(Blanked {
        images: images.len(),
        whole: accuracy(0),
        attributes: precision(0),
        left: left.collect(),
    })
}

/// An image whose chosen tokens have the pixels of `fill`.
fn blanked(width: usize, pixels: &[u8], fill: &[u8], chosen: &[bool], tiling: &Tiling) -> Vec<u8> {
    let mut blanked = pixels.to_vec();
    for (at, (pixel, fill)) in blanked.chunks_exact_mut(3).zip(fill.chunks_exact(3)).enumerate() {
        if tiling.token_at(at / width, at % width).is_some_and(|token| chosen[token]) {
            pixel.copy_from_slice(fill);
        }
    }
    blanked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pixels_of_chosen_tokens_are_replaced() {
        let images = Images::new(2, 4, (0..24).collect(), vec![0]).unwrap();
        let fill = filled(&images, (0, 0), Fill::Mean).unwrap();
        assert_eq!(&fill[..3], [11, 12, 13], "mean of each channel, rounded");
        let grid = |height, width| Grid { height, width, channels: 1 };
        let tiling = Tiling::new(grid(1, 2), grid(2, 4)).unwrap();
        let blanked = blanked(4, images.image(0), &fill, &[false, true], &tiling);
        let expected = [0, 1, 2, 3, 4, 5, 11, 12, 13, 11, 12, 13];
        assert_eq!(blanked[..12], expected, "the right half of the first row");
        assert_eq!(blanked[12..15], [12, 13, 14], "the left half of the second row");
    }
}
