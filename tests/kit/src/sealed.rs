//! Makes changed bytes look like an intact blob: length and checksum of the prelude are repaired.

use crc::{CRC_32_ISO_HDLC, Crc, Table};
use runtime::format::PRELUDE_LEN;

/// Bytes of the prelude before the checksum.
const CHECKED_LEN: usize = 12;

/// Repairs the length and the checksum of a blob in place.
///
/// # Panics
/// If there are fewer bytes than a prelude has, or more than 2^32.
pub fn seal(bytes: &mut [u8]) {
    seal_len(bytes);
    seal_checksum(bytes);
}

/// Repairs the length alone.
///
/// # Panics
/// As [`seal`].
pub fn seal_len(bytes: &mut [u8]) {
    let len = u32::try_from(bytes.len() - PRELUDE_LEN).expect("a blob below 4 GiB");
    bytes[8..CHECKED_LEN].copy_from_slice(&len.to_le_bytes());
}

/// Repairs the checksum alone.
///
/// # Panics
/// If there are fewer bytes than a prelude has.
pub fn seal_checksum(bytes: &mut [u8]) {
    let sum = crc32(&[&bytes[..CHECKED_LEN], &bytes[PRELUDE_LEN..]]);
    bytes[CHECKED_LEN..PRELUDE_LEN].copy_from_slice(&sum.to_le_bytes());
}

/// The checksum of some bytes one after another.
pub fn crc32(parts: &[&[u8]]) -> u32 {
    static CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);
    let mut digest = CRC.digest();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize()
}

/// [`seal`] for bytes that are given away.
///
/// # Panics
/// As [`seal`].
#[must_use]
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    seal(&mut bytes);
    bytes
}
