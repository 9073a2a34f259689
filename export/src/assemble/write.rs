//! Parts of writing a blob that both arithmetics share.

use crate::float::FloatNet;
use anyhow::{Result, anyhow, ensure};
use runtime::format::WriteError;

/// All names, separated by line breaks.
pub(super) fn class_names(net: &FloatNet) -> Result<String> {
    ensure!(
        net.classes.iter().all(|name| !name.is_empty() && !name.contains('\n')),
        "a class name is empty or holds a line break: rename the class and train again"
    );
    Ok(net.classes.join("\n"))
}

/// Calls `write` with larger and larger buffers until what it writes fits.
pub(super) fn fit(write: impl Fn(&mut [u8]) -> Result<usize, WriteError>) -> Result<Vec<u8>> {
    let mut len = 1 << 16;
    while len <= 1 << 31 {
        let mut buffer = vec![0; len];
        if let Ok(used) = write(&mut buffer) {
            buffer.truncate(used);
            return Ok(buffer);
        }
        len *= 2;
    }
    Err(anyhow!("the blob is larger than 2 GiB"))
}
