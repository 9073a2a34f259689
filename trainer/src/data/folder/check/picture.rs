//! A picture as the check sees it.

use std::path::Path;

use pictures::Fault;
use sha2::{Digest, Sha256};

use crate::data::folder::layout::File;

/// A file and what it holds, or why it cannot be used.
pub(super) struct Looked {
    pub(super) file: File,
    pub(super) picture: Result<Picture, String>,
}

pub(super) struct Picture {
    pub(super) size: (u32, u32),
    /// Of size and pixels, so that copies in other file formats are found.
    pub(super) digest: [u8; 32],
}

impl Picture {
    pub(super) fn read(path: &Path) -> Result<Self, Fault> {
        let picture = pictures::read(path)?;
        let size = picture.dimensions();
        let mut digest = Sha256::new();
        digest.update(size.0.to_le_bytes());
        digest.update(picture.as_raw());
        Ok(Self { size, digest: digest.finalize().into() })
    }
}
