//! The bytes of an index, from the fingerprints of images.

use crate::memory::{self, Span};
use crate::status::Status;
use crate::text::OcelliText;
use runtime::format::{IndexEntries, PartEntries, write_index};
use runtime::search::Index;

/// One part of the fingerprints of all entries.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliPartList {
    /// The vectors, one after another.
    pub vectors: *const i8,
    /// The codes, one for each entry.
    pub codes: *const u64,
    /// Number of values of each vector, 1 to 128.
    pub len: usize,
}

/// What goes into an index.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliIndexContents {
    /// The number of each entry, ascending, no number twice.
    pub ids: *const u32,
    /// The label of each entry; null if there are no labels.
    pub labels: *const u16,
    /// Number of entries, at least 1.
    pub count: usize,
    /// The names of the labels, separated by newlines; empty if there are none.
    pub label_names: OcelliText,
    /// The names of the entries, separated by newlines; empty if there are none.
    pub names: OcelliText,
    /// The class parts.
    pub class_parts: OcelliPartList,
    /// The appearance parts.
    pub appearance_parts: OcelliPartList,
    /// The network that made the fingerprints: `network` of each of them.
    pub network: u32,
}

/// The text at a pointer.
///
/// # Safety
/// The rules of the header.
unsafe fn text(text: OcelliText) -> Result<&'static str, Status> {
    if text.bytes.is_null() && text.len == 0 {
        return Ok("");
    }
    // SAFETY: the rules of the header.
    let bytes = unsafe { memory::slice(text.bytes.cast::<u8>(), text.len) }?;
    core::str::from_utf8(bytes).map_err(|_| Status::Record)
}

/// The part of `count` entries at a pointer.
///
/// # Safety
/// The rules of the header.
unsafe fn part(part: OcelliPartList, count: usize) -> Result<PartEntries<'static>, Status> {
    let dim = u8::try_from(part.len).map_err(|_| Status::Number)?;
    let values = count.checked_mul(part.len).ok_or(Status::TooLong)?;
    Ok(PartEntries {
        dim,
        // SAFETY: the rules of the header.
        vectors: unsafe { memory::slice(part.vectors, values) }?,
        // SAFETY: the rules of the header.
        codes: unsafe { memory::slice(part.codes, count) }?,
    })
}

/// Writes an index to the start of `buffer`, and its length in bytes to `*written`.
///
/// The index is one that `ocelli_index_parse` accepts; contents that it would refuse are an error. An index takes
/// at most `count * (values + 38) + texts + 128` bytes, where `values` is the sum of both lengths of vectors and
/// `texts` the sum of both lengths of names. If it does not fit, the status is `OCELLI_STATUS_SHORT`. After an
/// error, the buffer holds no index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_index_write(
    contents: *const OcelliIndexContents,
    buffer: *mut u8,
    buffer_len: usize,
    written: *mut usize,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        unsafe { memory::write(written, 0) }?;
        // SAFETY: the rules of the header.
        let [contents] = (unsafe { memory::slice(contents, 1) })? else {
            return Err(Status::Null);
        };
        let count = contents.count;
        // SAFETY: the rules of the header.
        let ids = unsafe { memory::slice(contents.ids, count) }?;
        let labels = match contents.labels.is_null() {
            true => None,
            // SAFETY: the rules of the header.
            false => Some(unsafe { memory::slice(contents.labels, count) }?),
        };
        // SAFETY: the rules of the header.
        let label_names = unsafe { text(contents.label_names) }?;
        // SAFETY: the rules of the header.
        let names = unsafe { text(contents.names) }?;
        // SAFETY: the rules of the header.
        let class = unsafe { part(contents.class_parts, count) }?;
        // SAFETY: the rules of the header.
        let appearance = unsafe { part(contents.appearance_parts, count) }?;
        let others = [
            Span::new(contents, 1)?,
            Span::new(written, 1)?,
            Span::new(ids.as_ptr(), count)?,
            Span::new(
                labels.map_or(core::ptr::dangling(), <[u16]>::as_ptr),
                labels.map_or(0, <[u16]>::len),
            )?,
            Span::new(label_names.as_ptr(), label_names.len())?,
            Span::new(names.as_ptr(), names.len())?,
            Span::new(class.vectors.as_ptr(), class.vectors.len())?,
            Span::new(class.codes.as_ptr(), count)?,
            Span::new(appearance.vectors.as_ptr(), appearance.vectors.len())?,
            Span::new(appearance.codes.as_ptr(), count)?,
        ];
        Span::new(buffer.cast_const(), buffer_len)?.apart(&others)?;
        // SAFETY: the rules of the header, and nothing else that the call uses overlaps with the buffer.
        let buffer = unsafe { memory::slice_mut(buffer, buffer_len) }?;
        let network = contents.network;
        let entries = IndexEntries { network, ids, labels, label_names, names, class, appearance };
        let len = write_index(&entries, buffer).map_err(|_| Status::Short)?;
        let made = buffer.get(..len).ok_or(Status::Short)?;
        if let Err(error) = Index::parse(made) {
            // No later call takes these bytes for an index.
            buffer.iter_mut().take(len).for_each(|byte| *byte = 0);
            return Err(error.into());
        }
        // SAFETY: the rules of the header.
        unsafe { memory::write(written, len) }
    };
    write().into()
}
