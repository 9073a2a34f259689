//! The attributes of a blob on labelled images.

use super::evaluate::each;
use crate::blob::AnyModel;
use anyhow::{Result, bail};
use trainer::attributes::{Labels, Scores, Table};
use trainer::data::Images;

/// What a blob says of one image.
#[derive(Clone, Debug, Default)]
struct Said {
    /// `[attributes]`.
    logits: Vec<f64>,
    /// `[classes]`, 0 to 1.
    probabilities: Vec<f64>,
}

/// Compares the attributes of every image with `labels`, which `table` gives for the images; `progress`
/// counts images. `classes` are the classes of the network, whose probabilities are the baseline.
///
/// # Errors
/// If the blob has no attributes, or the images have another size than its input.
pub fn attributes(
    model: &AnyModel<'_>,
    images: &Images,
    (table, labels): (&Table, &Labels),
    classes: &[String],
    progress: impl Fn(usize) + Sync,
) -> Result<Scores> {
    let (AnyModel::Int8(network), Some(head)) = (model, model.attributes()?) else {
        bail!("the blob has no attributes: write it with `export --heads all`");
    };
    let run = |image: &[u8], arena: &mut [u8]| {
        let output = network.run(image, arena)?;
        let logits = output.attributes(&head)?.map(|attribute| attribute.logit.into()).collect();
        let probabilities = output.probabilities().map(|p| f64::from(p) / 65_536.0).collect();
        Ok(Said { logits, probabilities })
    };
    let said = each(model, images, run, progress)?;
    let logits: Vec<f64> = said.iter().flat_map(|said| &said.logits).copied().collect();
    let probabilities: Vec<f64> =
        said.iter().flat_map(|said| &said.probabilities).copied().collect();
    Ok(Scores::new(labels, &logits, &probabilities, classes, table))
}
