//! Entries in a region of flash.

use super::cell::Cell;
use super::error::EnrolError;
use super::kind::Kind;
use super::layout::Layout;
use super::log::Log;
use crate::format::VERSION;
use crate::search::fingerprint::Fingerprint;
use crate::search::index::Entry;
use core::ops::Range;
use embedded_storage::nor_flash::NorFlash;

/// The fingerprints that a device keeps in a region of its flash.
///
/// An entry has a label and a number, which is that of its slot. Every change appends a cell to a log. When
/// half of the region is full, the entries are copied to the other half. This erases half of the region and
/// takes as long as the flash needs for that.
///
/// # Example
/// ```
/// use embedded_storage::nor_flash::NorFlash;
/// use runtime::Descriptor;
/// use runtime::search::{EnrolError, Enrolled, Kind, Slot, vote};
///
/// /// The label of the five entries that are nearest to an image; `None` for an unknown thing.
/// fn name<F: NorFlash>(
///     flash: F,
///     descriptor: &Descriptor<'_, '_>,
///     image: &[u8],
///     arena: &mut [u8],
/// ) -> Result<Option<u16>, EnrolError<F::Error>> {
///     let kind = Kind { network: descriptor.network(), lengths: descriptor.lengths() };
///     let mut slots = [Slot::FREE; 100];
///     let mut enrolled = Enrolled::open(flash, 0x8_0000..0x8_C000, kind, &mut slots)?;
///     let Ok(seen) = descriptor.run(image, arena) else { return Ok(None) };
///     let nearest = enrolled.nearest::<5>(None, &seen.fingerprint, seen.likeness)?;
///     // 1,000,000 is a threshold for vectors under `Likeness::Mixed`.
///     Ok(vote(&nearest, 1_000_000))
/// }
/// ```
#[derive(Debug)]
pub struct Enrolled<'s, F> {
    pub(super) log: Log<F>,
    pub(super) slots: &'s mut [Slot],
    /// Whether the slots describe what the flash holds.
    usable: bool,
}

/// Memory for one entry of an [`Enrolled`]: the place of the entry in the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u16);

impl Slot {
    /// A slot without an entry.
    pub const FREE: Self = Self(u16::MAX);

    /// The cell of its entry.
    pub(super) fn cell(self) -> Option<u16> {
        (self != Self::FREE).then_some(self.0)
    }
}

impl<'s, F: NorFlash> Enrolled<'s, F> {
    /// The number of entries that a region takes, which is the maximum number of slots; `None` if the region
    /// does not suit. If a region takes n entries and holds m, then one of n + 1 − m changes copies all entries.
    pub fn max_entries(range: &Range<u32>, kind: &Kind) -> Option<usize> {
        Layout::of::<F>(range, usize::MAX, kind).map(|layout| layout.max_entries())
    }

    /// Opens a region and checks everything in it. A region without a valid header has no entries, whatever its
    /// bytes are. Nothing is written.
    ///
    /// `range` has the addresses of the region: an even number of pages. The contents of `slots` before the call
    /// do not matter. The number of slots may be larger than when the region was opened before.
    ///
    /// # Errors
    /// [`EnrolError`] if region, slots or kind do not suit what the region holds, or if the flash reports an
    /// error.
    pub fn open(
        flash: F,
        range: Range<u32>,
        kind: Kind,
        slots: &'s mut [Slot],
    ) -> Result<Self, EnrolError<F::Error>> {
        let mut new = Self::new(flash, &range, kind, slots)?;
        let Some(header) = new.log.header().map_err(EnrolError::Flash)? else { return Ok(new) };
        if header.version == 0 || header.version > VERSION {
            return Err(EnrolError::Version { found: header.version, newest: VERSION });
        }
        if header.kind != kind {
            return Err(EnrolError::Kind { found: header.kind, expected: kind });
        }
        new.log.generation = header.generation;
        let (mut min, slots) = (0, &mut *new.slots);
        let scanned = new.log.scan(|index, cell| {
            let id = usize::from(cell.id);
            match (slots.get_mut(id), cell.content) {
                (Some(slot), Some(_)) => *slot = Slot(index),
                (Some(slot), None) => *slot = Slot::FREE,
                (None, _) => min = min.max(id + 1),
            }
        });
        scanned.map_err(EnrolError::Flash)?;
        if min > 0 {
            let max = new.log.layout.max_entries();
            return Err(EnrolError::Slots { found: new.slots.len(), min, max });
        }
        Ok(new)
    }

    /// Begins a region without entries and drops all earlier ones: for a new network, or to forget everything.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn create(
        flash: F,
        range: Range<u32>,
        kind: Kind,
        slots: &'s mut [Slot],
    ) -> Result<Self, EnrolError<F::Error>> {
        let mut new = Self::new(flash, &range, kind, slots)?;
        let header = new.log.header().map_err(EnrolError::Flash)?;
        new.log.generation = header.map_or(0, |header| header.generation);
        new.renew()?;
        Ok(new)
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.slots.iter().filter(|slot| slot.cell().is_some()).count()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an entry and returns its number, which is the smallest that is free.
    ///
    /// # Errors
    /// [`EnrolError::Full`] if no slot is free, [`EnrolError::Search`] if the fingerprint is of another kind,
    /// or an error of the flash. After an error, the entry is not there. Only after [`EnrolError::Flash`], the
    /// next [`Self::open`] may find it, if the flash wrote it in spite of the error.
    pub fn add(
        &mut self,
        label: u16,
        fingerprint: &Fingerprint<'_>,
    ) -> Result<u16, EnrolError<F::Error>> {
        let free = self.slots.iter().position(|slot| slot.cell().is_none());
        let id = free.and_then(|id| u16::try_from(id).ok()).ok_or(EnrolError::Full)?;
        self.put(id, Some((label, fingerprint)))?;
        Ok(id)
    }

    /// Gives an entry another label and fingerprint.
    ///
    /// # Errors
    /// [`EnrolError::Absent`] if there is no such entry; otherwise as [`Self::add`].
    pub fn replace(
        &mut self,
        id: u16,
        label: u16,
        fingerprint: &Fingerprint<'_>,
    ) -> Result<(), EnrolError<F::Error>> {
        self.cell(id).ok_or(EnrolError::Absent { id })?;
        self.put(id, Some((label, fingerprint)))
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn remove(&mut self, id: u16) -> Result<(), EnrolError<F::Error>> {
        self.cell(id).ok_or(EnrolError::Absent { id })?;
        self.put(id, None)
    }

    /// An entry, without a name; `None` if there is no such entry.
    ///
    /// # Errors
    /// [`EnrolError::Flash`] if the flash reports an error.
    pub fn entry(&mut self, id: u16) -> Result<Option<Entry<'_>>, EnrolError<F::Error>> {
        let Some(cell) = self.cell(id) else { return Ok(None) };
        let cell = self.log.read(cell).map_err(EnrolError::Flash)?;
        Ok(cell.and_then(|cell| entry(&cell)))
    }

    /// Calls `each` with every entry, in the order of their numbers.
    ///
    /// # Errors
    /// [`EnrolError::Flash`] if the flash reports an error.
    pub fn for_each(
        &mut self,
        mut each: impl FnMut(Entry<'_>),
    ) -> Result<(), EnrolError<F::Error>> {
        for slot in self.slots.iter() {
            let Some(cell) = slot.cell() else { continue };
            let cell = self.log.read(cell).map_err(EnrolError::Flash)?;
            if let Some(entry) = cell.and_then(|cell| entry(&cell)) {
                each(entry);
            }
        }
        Ok(())
    }

    /// Gives the flash back.
    pub fn release(self) -> F {
        self.log.flash
    }

    fn new(
        flash: F,
        range: &Range<u32>,
        kind: Kind,
        slots: &'s mut [Slot],
    ) -> Result<Self, EnrolError<F::Error>> {
        let layout = Layout::of::<F>(range, flash.capacity(), &kind).ok_or(EnrolError::Region)?;
        let (found, max) = (slots.len(), layout.max_entries());
        if found > max {
            return Err(EnrolError::Slots { found, min: 0, max });
        }
        slots.fill(Slot::FREE);
        Ok(Self { log: Log::new(flash, layout, kind), slots, usable: true })
    }

    /// The cell of an entry.
    fn cell(&self, id: u16) -> Option<u16> {
        self.slots.get(usize::from(id)).and_then(|slot| slot.cell())
    }

    /// Writes the new contents of an entry, `None` to remove it. The slot of the entry exists.
    fn put(
        &mut self,
        id: u16,
        content: Option<(u16, &Fingerprint<'_>)>,
    ) -> Result<(), EnrolError<F::Error>> {
        if let Some((_, fingerprint)) = content {
            fingerprint.check(self.log.kind.network, self.log.kind.lengths)?;
        }
        if !self.usable {
            return Err(EnrolError::Reopen);
        }
        if self.log.is_full() {
            self.renew()?;
        }
        let present = content.is_some();
        let content = content.map(|(label, fingerprint)| (label, *fingerprint));
        let index = self.log.append(&Cell { id, content }).map_err(EnrolError::Flash)?;
        if let Some(slot) = self.slots.get_mut(usize::from(id)) {
            *slot = if present { Slot(index) } else { Slot::FREE };
        }
        Ok(())
    }

    /// Copies every entry to the other half, in the order of their numbers, and continues in that half.
    fn renew(&mut self) -> Result<(), EnrolError<F::Error>> {
        self.log.erase_other().map_err(EnrolError::Flash)?;
        let mut count = 0;
        for cell in self.slots.iter().filter_map(|slot| slot.cell()) {
            self.log.copy(cell, count).map_err(EnrolError::Flash)?;
            count += 1;
        }
        // If the flash reports an error, the header may be written or not.
        self.usable = false;
        self.log.commit(count).map_err(EnrolError::Flash)?;
        self.usable = true;
        let used = self.slots.iter_mut().filter(|slot| slot.cell().is_some());
        for (next, slot) in (0..).zip(used) {
            *slot = Slot(next);
        }
        Ok(())
    }
}

/// The entry of a cell; `None` if it was removed.
pub(super) fn entry<'b>(cell: &Cell<'b>) -> Option<Entry<'b>> {
    let (label, fingerprint) = cell.content?;
    Some(Entry { id: cell.id.into(), label: Some(label), name: None, fingerprint })
}
