//! `page.json`, by which a page is recognised.

use sha2::{Digest, Sha256};

/// The file that describes a page: its title, its files, and the hash of the firmware's images.
pub(super) const SETTINGS_FILE: &str = "page.json";

/// By which [`SETTINGS_FILE`] is recognised.
pub(super) const GENERATOR: &str = "export page of Ocelli";

/// The SHA-256 of bytes in hexadecimal digits.
pub(super) fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
