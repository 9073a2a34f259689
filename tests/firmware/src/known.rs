//! What the programs `search` and `enrol` do. The computer does the same to compare the results.

use crate::images::test_image;
use embedded_storage::nor_flash::NorFlash;
use kit::fnv::Fnv1a;
use runtime::Descriptor;
use runtime::search::{Enrolled, Index, Kind, Likeness, Neighbour, Slot, vote};

/// Both parts are compared.
pub const LIKENESS: Likeness = Likeness::Mixed { class: 128 };
/// Entries that each search returns.
pub const NEAREST: usize = 10;
/// Entries whose vectors the search in two stages compares.
pub const CANDIDATES: usize = 50;

/// Bytes of the flash for entries that are added.
pub const FLASH_LEN: usize = 16 * 1024;
/// Bytes of one of its pages.
pub const PAGE_LEN: usize = 2 * 1024;
/// Photographs that are learned, each as a class of its own, from this label on.
const LEARNED: usize = 5;
const FIRST_LABEL: u16 = 1000;
/// Number of slots, of which some stay free.
const SLOTS: usize = 8;

/// Appends what a search found to a hash.
pub fn push(hash: &mut Fnv1a, found: &[Neighbour]) {
    for neighbour in found {
        hash.extend([neighbour.id.cast_signed(), neighbour.distance.cast_signed()]);
    }
}

/// Work that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Adding an entry.
    Add,
    /// Searching entries that were added.
    Search,
}

/// Learns photographs, removes one and replaces one. Then opens the region again, as after a reset, and searches for
/// the photographs with a bit of noise in each pixel.
///
/// Returns the hash of everything that was found; `count` runs the work that is counted, and `name` gets the
/// label of each image, or `None` for an unknown thing.
pub fn learn<F: NorFlash>(
    flash: F,
    descriptor: &Descriptor<'_, '_>,
    index: &Index<'_>,
    (image, arena): (&mut [u8], &mut [u8]),
    mut count: impl FnMut(Work, &mut dyn FnMut()),
    mut name: impl FnMut(Option<u16>),
) -> Option<u64> {
    let kind = Kind { network: descriptor.network(), lengths: descriptor.lengths() };
    let region = 0..u32::try_from(FLASH_LEN).ok()?;
    let mut slots = [Slot::FREE; SLOTS];
    let mut enrolled = Enrolled::create(flash, region.clone(), kind, &mut slots).ok()?;
    for (photograph, label) in (0..LEARNED).zip(FIRST_LABEL..) {
        test_image(photograph, image);
        let seen = descriptor.run(image, arena).ok()?.fingerprint;
        let mut added = None;
        count(Work::Add, &mut || added = enrolled.add(label, &seen).ok());
        let id = added?;
        // More changes than half of the region has room for.
        for _ in 0..15 {
            enrolled.replace(id, label, &seen).ok()?;
        }
    }
    enrolled.remove(1).ok()?;
    let flash = enrolled.release();
    let mut enrolled = Enrolled::open(flash, region, kind, &mut slots).ok()?;
    let mut hash = Fnv1a::new();
    for photograph in 0..LEARNED {
        test_image(photograph + 30, image);
        let seen = descriptor.run(image, arena).ok()?.fingerprint;
        let mut found = None;
        let mut search = || found = enrolled.nearest::<NEAREST>(None, &seen, LIKENESS).ok();
        count(Work::Search, &mut search);
        let both = enrolled.nearest::<NEAREST>(Some(index), &seen, LIKENESS).ok()?;
        let found = found?;
        for found in found.iter().chain(&both) {
            hash.extend([found.id.cast_signed(), found.distance.cast_signed()]);
            hash.extend([found.label.map_or(-1, i32::from)]);
        }
        let nearest = found.get(..1)?;
        // Known only if the nearest is at most half as far as the second.
        let threshold = found.get(1)?.distance / 2;
        name(vote(nearest, threshold));
    }
    Some(hash.value())
}
