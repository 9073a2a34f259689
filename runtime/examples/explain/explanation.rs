//! The explanation of one picture: its classes, its map of evidence and its objects.

use crate::attributes::{self, Attribute};
use crate::drawn::{share, spread};
use anyhow::{Context, Result};
use blob_file::class_name;
use image::RgbImage;
use pictures::{centre, shown, shown_path};
use runtime::explain::{Floor, Object, Objects, Tiling, display, peak};
use runtime::{Attributes, Model};
use std::path::Path;

/// Classes that are listed.
const CLASSES: usize = 5;

/// Which map is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Question {
    /// The class of the map. If there is none, the most probable class is taken.
    pub(super) class: Option<usize>,
    pub(super) against: Option<usize>,
    /// The attribute of the map, in place of a class.
    pub(super) attribute: Option<usize>,
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
    /// The most probable classes.
    pub(super) classes: Vec<Class>,
    /// The attributes of the blob, the most probable first.
    pub(super) attributes: Vec<Attribute>,
    /// What the map shows, in words: `cat`, `cat rather than dog`, or `wings`.
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
        (model, known): (&Model<'_>, Option<&Attributes<'_>>),
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
        match (question, known) {
            (Question { attribute: Some(attribute), .. }, Some(known)) => {
                output.attribute_evidence(known, attribute, &mut map)?;
            }
            (Question { against: Some(other), .. }, _) => {
                output.difference(class, other, &mut map)?;
            }
            _ => output.evidence(class, &mut map)?,
        }
        let mut labels = vec![0; map.len()];
        let objects = Objects::find(&map, &tiling, Floor::Mean, &mut labels)?;
        let (least, mean) = spread(&mut map);
        let mut bytes = vec![0; map.len()];
        display(&map, peak(&map), &mut bytes)?;
        let ranked = output.top_k::<CLASSES>();
        let named = |class| class_name(model, &runtime::Ranked { class, logit: 0, probability: 0 });
        let classes = ranked.iter().map(|ranked| Class {
            name: class_name(model, ranked),
            share: share(ranked.probability),
        });
        let attribute = question.attribute.and_then(|attribute| known?.name(attribute));
        Ok(Self {
            file: shown_path(file),
            classes: classes.collect(),
            attributes: attributes::find(&output, known, map.len())?,
            subject: match (attribute, question.against) {
                (Some(attribute), _) => shown(attribute).into_owned(),
                (None, Some(other)) => format!("{} rather than {}", named(class), named(other)),
                (None, None) => named(class),
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
