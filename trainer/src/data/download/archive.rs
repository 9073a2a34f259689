//! The archive that CIFAR-10 is published as.

use std::fs;
use std::path::Path;

use crate::data::cifar10::{FILE_BYTES, TEST_FILE, TRAIN_FILES};

/// Where the authors publish the binary version of CIFAR-10.
pub const CIFAR10_URL: &str = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz";

/// What an archive must look like.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    /// Its name in the cache during the transfer.
    pub(super) name: &'static str,
    pub(super) bytes: u64,
    /// Lower-case hexadecimal digits.
    pub(super) sha256: String,
    /// The directory in the archive, and in the cache.
    pub(super) directory: &'static str,
    /// The files to unpack, all of the same length.
    pub(super) files: Vec<&'static str>,
    pub(super) file_bytes: u64,
}

impl Archive {
    /// The binary version of CIFAR-10 as its authors publish it.
    pub(super) fn cifar10() -> Self {
        Self {
            name: "cifar-10-binary.tar.gz",
            bytes: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd".to_owned(),
            directory: "cifar-10-batches-bin",
            files: TRAIN_FILES.into_iter().chain([TEST_FILE]).collect(),
            file_bytes: FILE_BYTES as u64,
        }
    }

    /// Whether `directory` holds every file at its length.
    pub(super) fn is_unpacked(&self, directory: &Path) -> bool {
        self.files.iter().all(|file| {
            fs::metadata(directory.join(file))
                .is_ok_and(|found| found.is_file() && found.len() == self.file_bytes)
        })
    }
}
