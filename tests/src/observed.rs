//! What the runtime shows of one run, in the form of the reference's answer.

use crate::integer_reference::Site;
use runtime::{Model, Output, RunError};

/// Runs `model` and returns every site it shows together with its output.
///
/// # Errors
/// Those of [`Model::run_observed`].
pub fn observe<'m>(
    model: &'m Model<'_>,
    image: &[u8],
    arena: &'m mut [u8],
) -> Result<(Vec<Site>, Output<'m>), RunError> {
    let mut sites = Vec::new();
    let output = model.run_observed(image, arena, &mut |site, values| {
        sites.push(Site {
            name: site.to_string(),
            zero_point: values.zero_point().into(),
            values: values.integers().map(Into::into).collect(),
        });
    })?;
    Ok((sites, output))
}
