//! Which known images look like this one.

use crate::descriptor::OcelliFingerprint;
use crate::memory;
use crate::object::{self, Kind, Object, fits};
use crate::status::Status;
use crate::text::OcelliText;
use runtime::search::{Index, Neighbour};

/// The largest number of neighbours of one search.
pub const OCELLI_MAX_NEIGHBOURS: usize = 32;

/// The fingerprints of known images. They lie in the bytes of the index, which must stay where they are.
#[repr(C)]
pub struct OcelliIndex {
    private_: [usize; 36],
}

const _: () = assert!(fits::<Index<'static>, OcelliIndex>());

impl Kind for Index<'static> {
    const MARK: u32 = u32::from_le_bytes(*b"OcIn");
}

/// An entry of an index that was found.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliNeighbour {
    /// Its position in the index.
    pub position: usize,
    /// Its number, which no other entry has.
    pub id: u32,
    /// Its distance from the fingerprint of the query; 0 if both are equal.
    pub distance: u32,
}

/// An entry of an index.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OcelliEntry {
    /// Its fingerprint, with a `class_weight` of 255.
    pub fingerprint: OcelliFingerprint,
    /// Its name; null if the index has no names, or an empty name for this entry.
    pub name: OcelliText,
    /// The name of its label; null if the index has no names of labels.
    pub label_name: OcelliText,
    /// Its number, which no other entry has.
    pub id: u32,
    /// Its label; -1 if the index has no labels.
    pub label: i32,
}

/// The index at a pointer.
///
/// # Safety
/// The rules of the header.
unsafe fn index(at: *const OcelliIndex) -> Result<&'static Index<'static>, Status> {
    // SAFETY: the rules of the header; the object fits.
    unsafe { object::get(at.cast::<Object<Index<'static>>>()) }
}

/// Checks the bytes of an index completely. `bytes` is what `export index` writes, at any alignment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_index_parse(
    bytes: *const u8,
    len: usize,
    index: *mut OcelliIndex,
) -> Status {
    let parse = || {
        let place = index.cast::<Object<Index<'static>>>();
        // SAFETY: the rules of the header; the object fits.
        unsafe { object::clear(place) }?;
        // SAFETY: the rules of the header.
        let found = Index::parse(unsafe { memory::slice(bytes, len) }?)?;
        // SAFETY: the rules of the header; the object fits.
        unsafe { object::set(place, found) }
    };
    parse().into()
}

/// Number of entries; 0 if there is no index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_index_len(index: *const OcelliIndex) -> usize {
    // SAFETY: the rules of the header.
    unsafe { self::index(index) }.map_or(0, Index::len)
}

/// Writes the entry at a position. `OCELLI_STATUS_NUMBER` if the index has no such position.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_index_entry(
    index: *const OcelliIndex,
    position: usize,
    entry: *mut OcelliEntry,
) -> Status {
    let write = || {
        // SAFETY: the rules of the header.
        let index = unsafe { self::index(index) }?;
        let found = index.entry(position).ok_or(Status::Number)?;
        let label_name = found.label.and_then(|label| index.label_name(label));
        let value = OcelliEntry {
            fingerprint: OcelliFingerprint::new(&found.fingerprint, u8::MAX),
            name: found.name.into(),
            label_name: label_name.into(),
            id: found.id,
            label: found.label.map_or(-1, i32::from),
        };
        // SAFETY: the rules of the header.
        unsafe { memory::write(entry, value) }
    };
    write().into()
}

/// Finds the `capacity` entries with the nearest vectors, the nearest first. Every entry is compared.
///
/// `likeness` is a number of `ocelli_likeness`. `capacity` is 1 to `OCELLI_MAX_NEIGHBOURS`. `*count` becomes
/// the number of entries found, which is below `capacity` only if the index has fewer entries. Entries at the
/// same distance are in the order of their ids. The distance is the square of the Euclidean distance. With
/// `OCELLI_LIKENESS_MIXED` it is the weighted sum of the distances of both parts, times 256.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_nearest(
    index: *const OcelliIndex,
    fingerprint: *const OcelliFingerprint,
    likeness: i32,
    found: *mut OcelliNeighbour,
    capacity: usize,
    count: *mut usize,
) -> Status {
    let search = || {
        // SAFETY: the rules of the header.
        let index = unsafe { self::index(index) }?;
        // SAFETY: the rules of the header.
        let [seen] = (unsafe { memory::slice(fingerprint, 1) })? else { return Err(Status::Null) };
        // SAFETY: the rules of the header.
        let found = unsafe { memory::slice_mut(found, capacity) }?;
        if !(1..=OCELLI_MAX_NEIGHBOURS).contains(&capacity) {
            return Err(Status::Number);
        }
        let likeness = seen.likeness(likeness)?;
        // SAFETY: the rules of the header.
        let seen = unsafe { seen.borrow() }?;
        let nearest = index.nearest::<OCELLI_MAX_NEIGHBOURS>(&seen, likeness)?;
        let places = found.iter_mut().zip(&nearest);
        let places = places.map(|(place, &Neighbour { position, id, distance })| {
            *place = OcelliNeighbour { position, id, distance };
        });
        // SAFETY: the rules of the header.
        unsafe { memory::write(count, places.count()) }
    };
    search().into()
}
