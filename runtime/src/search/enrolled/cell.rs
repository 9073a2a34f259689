//! The bytes of headers and cells.

use super::kind::Kind;
use crate::format::{MAX_PART, VERSION, checksum};
use crate::rows::copy;
use crate::search::fingerprint::{Fingerprint, Part};

/// Bytes of a header before it is rounded up to words of the flash.
pub(super) const HEADER_LEN: usize = 20;
/// Bytes of a cell besides both vectors.
pub(super) const CELL_OVERHEAD: usize = 28;
/// Maximum number of bytes that a flash writes at once.
pub(super) const MAX_WORD: usize = 32;
/// Maximum number of bytes of a cell.
const MAX_LEN: usize = (CELL_OVERHEAD + 2 * MAX_PART).next_multiple_of(MAX_WORD);

/// First four bytes of a header.
const MAGIC: [u8; 4] = *b"OCEN";
/// States of an entry.
const REMOVED: u8 = 0;
const PRESENT: u8 = 1;

/// Memory for a header or a cell. Some drivers need memory with the alignment of the words of the flash.
#[repr(align(32))]
#[derive(Debug)]
pub(super) struct Buffer(pub(super) [u8; MAX_LEN]);

/// The fields of a valid header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) version: u16,
    pub(super) kind: Kind,
    pub(super) generation: u32,
}

/// The fields of a valid cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'b> {
    pub(super) id: u16,
    /// Label and fingerprint; `None` if the entry was removed.
    pub(super) content: Option<(u16, Fingerprint<'b>)>,
}

impl Header {
    /// `None` if the bytes are not a header.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = sealed(bytes, HEADER_LEN - 4)?;
        if checksum(&[], body) != sum {
            return None;
        }
        let (&magic, rest) = body.split_first_chunk::<4>()?;
        let (&[v0, v1, class, appearance], rest) = rest.split_first_chunk::<4>()?;
        let (&network, rest) = rest.split_first_chunk::<4>()?;
        let &generation = rest.first_chunk::<4>()?;
        let lengths = [class.into(), appearance.into()];
        let kind = Kind { network: u32::from_le_bytes(network), lengths };
        let version = u16::from_le_bytes([v0, v1]);
        let generation = u32::from_le_bytes(generation);
        (magic == MAGIC).then_some(Self { version, kind, generation })
    }

    /// Writes a header to the start of a buffer.
    pub(super) fn write(kind: &Kind, generation: u32, bytes: &mut [u8]) -> Option<()> {
        let [v0, v1] = VERSION.to_le_bytes();
        let [class, appearance] = kind.lengths;
        let lengths = [u8::try_from(class).ok()?, u8::try_from(appearance).ok()?];
        let rest = put(bytes, &MAGIC)?;
        let rest = put(rest, &[v0, v1])?;
        let rest = put(rest, &lengths)?;
        let rest = put(rest, &kind.network.to_le_bytes())?;
        put(rest, &generation.to_le_bytes())?;
        seal(bytes, HEADER_LEN - 4)
    }
}

impl<'b> Cell<'b> {
    /// Checks a cell and reads it. `None` if it was never written completely.
    pub(super) fn check(bytes: &'b [u8], kind: &Kind) -> Option<Self> {
        let (body, sum) = sealed(bytes, body_len(kind))?;
        if checksum(&[], body) != sum {
            return None;
        }
        Self::read(bytes, kind)
    }

    /// Reads a cell that was checked before.
    pub(super) fn read(bytes: &'b [u8], kind: &Kind) -> Option<Self> {
        let (&[i0, i1, l0, l1, state, ..], rest) = bytes.split_first_chunk::<8>()?;
        let (&class_code, rest) = rest.split_first_chunk::<8>()?;
        let (&appearance_code, rest) = rest.split_first_chunk::<8>()?;
        let [class, appearance] = kind.lengths;
        let (class, rest) = rest.split_at_checked(class)?;
        let appearance = rest.get(..appearance)?;
        let part = |vector, code| Part {
            vector: bytemuck::cast_slice(vector),
            code: u64::from_le_bytes(code),
        };
        let fingerprint = Fingerprint {
            network: kind.network,
            class: part(class, class_code),
            appearance: part(appearance, appearance_code),
        };
        let content = match state {
            PRESENT => Some((u16::from_le_bytes([l0, l1]), fingerprint)),
            REMOVED => None,
            _ => return None,
        };
        Some(Self { id: u16::from_le_bytes([i0, i1]), content })
    }

    /// Writes a cell to the start of a buffer, and zeros after it.
    pub(super) fn write(&self, kind: &Kind, bytes: &mut [u8]) -> Option<()> {
        let [i0, i1] = self.id.to_le_bytes();
        bytes.fill(0);
        if let Some((label, fingerprint)) = &self.content {
            let [l0, l1] = label.to_le_bytes();
            let rest = put(bytes, &[i0, i1, l0, l1, PRESENT, 0, 0, 0])?;
            let rest = put(rest, &fingerprint.class.code.to_le_bytes())?;
            let rest = put(rest, &fingerprint.appearance.code.to_le_bytes())?;
            let rest = put(rest, bytemuck::cast_slice(fingerprint.class.vector))?;
            put(rest, bytemuck::cast_slice(fingerprint.appearance.vector))?;
        } else {
            put(bytes, &[i0, i1, 0, 0, REMOVED])?;
        }
        seal(bytes, body_len(kind))
    }
}

/// Bytes of a cell that its checksum covers.
const fn body_len(kind: &Kind) -> usize {
    let [class, appearance] = kind.lengths;
    CELL_OVERHEAD - 4 + class + appearance
}

/// The first `len` bytes and the checksum that follows them.
fn sealed(bytes: &[u8], len: usize) -> Option<(&[u8], u32)> {
    let (body, rest) = bytes.split_at_checked(len)?;
    Some((body, u32::from_le_bytes(*rest.first_chunk()?)))
}

/// Writes the checksum of the first `len` bytes after them.
fn seal(bytes: &mut [u8], len: usize) -> Option<()> {
    let (body, rest) = bytes.split_at_mut_checked(len)?;
    put(rest, &checksum(&[], body).to_le_bytes()).map(|_| ())
}

/// Copies `from` to the front and returns the rest.
fn put<'b>(bytes: &'b mut [u8], from: &[u8]) -> Option<&'b mut [u8]> {
    let (to, rest) = bytes.split_at_mut_checked(from.len())?;
    copy(to, from);
    Some(rest)
}
