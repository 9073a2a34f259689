//! The explanation of one picture: its classes, its map of evidence and its objects.

use anyhow::{Context, Result};
use blob_file::{class_name, share as probability};
use image::RgbImage;
use pictures::{centre, shown_path};
use runtime::Model;
use runtime::explain::{Floor, Object, Objects, Tiling, display, peak};
use std::path::Path;

/// Classes that are listed.
const CLASSES: usize = 5;

/// Which map is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Question {
    /// The class of the map. If there is none, the most probable class is taken.
    pub(super) class: Option<usize>,
    pub(super) against: Option<usize>,
}

/// A class and its probability, 0 to 1.
pub(super) struct Class {
    pub(super) name: String,
    pub(super) share: f64,
}

/// A picture, its classes, and where the evidence is.
pub(super) struct Explanation {
    pub(super) file: String,
    /// The input of the network.
    pub(super) picture: RgbImage,
    /// The most probable ones.
    pub(super) classes: Vec<Class>,
    /// What the map shows, in words: `cat`, or `cat rather than dog`.
    pub(super) subject: String,
    /// The evidence of each token, from 0 at the minimum to 127 at the maximum.
    pub(super) map: Vec<i8>,
    /// The places of the mean and of the value zero between the minimum of the map (0) and its maximum (1).
    /// Zero can lie outside.
    pub(super) mean: f64,
    pub(super) none: f64,
    /// The object of each token.
    pub(super) labels: Vec<u16>,
    /// Rows and columns of tokens.
    pub(super) grid: (u32, u32),
    pub(super) objects: Vec<Object>,
}

impl Explanation {
    pub(super) fn make(
        model: &Model<'_>,
        file: &Path,
        picture: &RgbImage,
        question: Question,
    ) -> Result<Self> {
        let config = model.config();
        let tiling = Tiling::of(config).context("the tokens of this network form no grid")?;
        let (width, height) = (config.image().width as u32, config.image().height as u32);
        let input = centre(picture, (width, height));
        let mut arena = vec![0; model.arena_len()];
        let output = model.run(&input, &mut arena)?;
        let class = question.class.unwrap_or_else(|| output.class());
        let mut map = vec![0; tiling.tokens()];
        match question.against {
            Some(other) => output.difference(class, other, &mut map)?,
            None => output.evidence(class, &mut map)?,
        }
        let mut labels = vec![0; map.len()];
        let objects = Objects::find(&map, &tiling, Floor::Mean, &mut labels)?;
        let (least, mean) = spread(&mut map);
        let mut bytes = vec![0; map.len()];
        display(&map, peak(&map), &mut bytes)?;
        let ranked = output.top_k::<CLASSES>();
        let named = |class| class_name(model, &runtime::Ranked { class, logit: 0, probability: 0 });
        let classes = ranked
            .iter()
            .map(|ranked| Class { name: class_name(model, ranked), share: probability(ranked) });
        Ok(Self {
            file: shown_path(file),
            classes: classes.collect(),
            subject: match question.against {
                Some(other) => format!("{} rather than {}", named(class), named(other)),
                None => named(class),
            },
            map: bytes,
            mean,
            none: -f64::from(least) / f64::from(peak(&map).max(1)),
            labels,
            grid: (tiling.rows() as u32, tiling.columns() as u32),
            objects: objects.as_slice().to_vec(),
            picture: RgbImage::from_raw(width, height, input).context("an input has all pixels")?,
        })
    }

    /// How many times the picture is enlarged to be about `side` pixels wide and high, at least once.
    pub(super) fn scale(&self, side: u32) -> u32 {
        (side / self.picture.width().max(self.picture.height())).max(1)
    }
}

/// Subtracts the minimum of a map from each value. Returns the minimum, and the place of the mean between
/// the minimum (0) and the maximum (1).
fn spread(map: &mut [i32]) -> (i32, f64) {
    let least = map.iter().copied().min().unwrap_or(0);
    map.iter_mut().for_each(|value| *value -= least);
    let sum: f64 = map.iter().map(|&value| f64::from(value)).sum();
    (least, sum / map.len().max(1) as f64 / f64::from(peak(map).max(1)))
}

/// A share as the runtime gives it, 0 to 1.
pub(super) fn share(share: u16) -> f64 {
    f64::from(share) / 65_536.0
}
