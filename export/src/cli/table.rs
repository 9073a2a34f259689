//! The table of attributes that a blob is judged by.

use anyhow::Result;
use export::blob::AnyModel;
use export::verify::Truth;
use runtime::Attributes;
use std::path::Path;
use trainer::attributes::Table;
use trainer::data::Images;

/// Which of the `images` have which attributes. The table is `given`, or else the table that belongs to the images in
/// `data`. The labels of the images are indices into `classes`.
///
/// # Errors
/// If there is no table, or it lacks an attribute or an image.
pub(super) fn truth(
    (model, head): (&AnyModel<'_>, &Attributes<'_>),
    (given, data): (Option<&Path>, Option<&Path>),
    images: &Images,
    classes: &[String],
) -> Result<Truth> {
    let table = Table::find(given, data, classes)?;
    let name = |class| model.class_name(class).unwrap_or_default().to_owned();
    let own = (0..model.config().classes()).map(name).collect();
    Truth::new(&table, head, (images, classes), own)
}
