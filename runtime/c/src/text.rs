//! Names.

use core::ffi::c_char;

/// A name in UTF-8, without a zero at its end. It lies in the blob or in the index. To print it:
/// `printf("%.*s", (int)name.len, name.bytes)`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliText {
    /// The first byte; null if there is no name.
    pub bytes: *const c_char,
    /// Number of bytes.
    pub len: usize,
}

impl From<Option<&str>> for OcelliText {
    fn from(name: Option<&str>) -> Self {
        match name {
            Some(name) => Self { bytes: name.as_ptr().cast(), len: name.len() },
            None => Self { bytes: core::ptr::null(), len: 0 },
        }
    }
}
