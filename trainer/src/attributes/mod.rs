//! Attributes: properties of an image that do not depend on its class, such as "has wings".
//!
//! A [`Table`] says which classes or pictures have which attributes. [`train`] adds a layer of attributes to a
//! finished network. The layer reads the pooled tokens, as a class head does, and the network stays as it is.

mod average_precision;
mod calibrate;
mod cholesky;
mod fit;
mod layer;
mod sample;
mod scores;
mod select;
mod table;
mod whiten;

use anyhow::{Result, ensure};

pub use layer::Attributes;
pub use scores::{AttributeScore, Scores};
pub use select::Selection;
pub use table::{Labels, Table};

use sample::Sample;

/// Adds attributes to a network. `pooled` has its pooled tokens `[images, dim]` for training images,
/// `classes` their labels, and `labels` what the table says of them.
///
/// Returns the layer, and how the strength of its penalty was chosen.
///
/// # Errors
/// If the images cannot show an attribute, because it is the same for all of them.
pub fn train(pooled: &[f32], classes: &[u16], labels: &Labels) -> Result<(Attributes, Selection)> {
    ensure!(!classes.is_empty(), "there is no training image");
    for (attribute, name) in labels.names().iter().enumerate() {
        let both =
            [true, false].map(|value| labels.of(attribute).any(|found| found == Some(value)));
        ensure!(
            both == [true, true],
            "the attribute {name} is the same for every training image: take it out of the table"
        );
    }
    let sample = Sample::new(pooled, classes, labels);
    let selection = select::penalty(&sample);
    let fitted = fit::fit(&sample, selection.penalty);
    Ok((calibrate::calibrate(fitted, &sample), selection))
}
