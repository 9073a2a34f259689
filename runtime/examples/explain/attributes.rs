//! The attributes of a picture, each with its map.

use crate::drawn::{share, spread};
use anyhow::Result;
use pictures::shown;
use runtime::explain::{display, peak};
use runtime::{Attributes, Output};

/// An attribute, and where its evidence is.
pub(super) struct Attribute {
    pub(super) name: String,
    /// Its probability, 0 to 1.
    pub(super) share: f64,
    /// The evidence of each token: 0 where it is least, 127 where it is most.
    pub(super) map: Vec<i8>,
}

/// All attributes, the most probable first. Equally probable ones keep the order of the blob.
pub(super) fn find(
    output: &Output<'_>,
    attributes: Option<&Attributes<'_>>,
    tokens: usize,
) -> Result<Vec<Attribute>> {
    let Some(attributes) = attributes else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (index, attribute) in output.attributes(attributes)?.enumerate() {
        let (mut map, mut bytes) = (vec![0; tokens], vec![0; tokens]);
        output.attribute_evidence(attributes, index, &mut map)?;
        spread(&mut map);
        display(&map, peak(&map), &mut bytes)?;
        let name = shown(attribute.name).into_owned();
        found.push(Attribute { name, share: share(attribute.probability), map: bytes });
    }
    found.sort_by(|one, other| other.share.total_cmp(&one.share));
    Ok(found)
}
