//! Fits a descriptor to training images. With a descriptor, a finished network makes fingerprints of images.

mod adam;
mod class;
mod code;
mod features;
mod fit;
mod learn;
mod matrix;
mod moments;
mod part;
mod posterior;
mod real;
mod spread;

use anyhow::Result;
use runtime::append_head;
use runtime::format::{HEAD_DESCRIPTOR, HeadRecord};

pub use features::{Features, Place, features};
pub use fit::{FitOptions, Fitted, fit};
pub use real::RealDescriptor;

/// A blob with a new descriptor head. It replaces an existing one. Everything else stays as it is.
///
/// # Errors
/// If the blob is not valid or has no room for another head.
pub fn with_descriptor(blob: &[u8], fitted: &Fitted) -> Result<Vec<u8>> {
    let body = fitted.to_bytes()?;
    let mut bytes = vec![0; blob.len() + body.len() + 16];
    let head = HeadRecord { kind: HEAD_DESCRIPTOR, body: &body };
    let len = append_head(blob, head, &mut bytes)?;
    bytes.truncate(len);
    Ok(bytes)
}
