//! A run with attributes. A program without this feature must not contain code for them.

use core::hint::black_box;
use runtime::{Attributes, Model};

static BLOB: &[u8] = include_bytes!("../../golden/v1/tiny_attributes.bin");
/// Tokens of the blob.
const TOKENS: usize = 20;

/// The largest probability of an attribute, and where in the image the first one is.
pub(crate) fn attributes(image: &[u8], arena: &mut [u8]) -> Option<(u16, [i32; TOKENS])> {
    let model = Model::parse(black_box(BLOB)).ok()?;
    let attributes = Attributes::parse(&model).ok()??;
    let output = model.run(image, arena).ok()?;
    let mut map = [0; TOKENS];
    output.attribute_evidence(&attributes, 0, &mut map).ok()?;
    let found = output.attributes(&attributes).ok()?;
    let highest = found.map(|found| found.probability).max()?;
    Some((highest, map))
}
