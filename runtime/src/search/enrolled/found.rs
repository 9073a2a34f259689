//! The nearest entries of an index and of a region.

use super::error::EnrolError;
use super::region::Enrolled;
use crate::ranks::rank;
use crate::search::fingerprint::{Fingerprint, Likeness};
use crate::search::index::Index;
use embedded_storage::nor_flash::NorFlash;
use heapless::Vec;

/// Where an entry was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Source {
    /// In the index.
    Index,
    /// In the region of an [`Enrolled`].
    Enrolled,
}

/// An entry that was found, with its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Found {
    /// Where it was found.
    pub source: Source,
    /// Its number there.
    pub id: u32,
    /// Its label; `None` if the index has no labels.
    pub label: Option<u16>,
    /// Its distance from the fingerprint of the query; 0 if both are equal.
    pub distance: u32,
}

impl<F: NorFlash> Enrolled<'_, F> {
    /// The `K` entries of the index and of this region with the nearest vectors, the nearest first. Distances
    /// are those of [`Index::nearest`]. At the same distance, entries of the index come first, then those with
    /// smaller numbers. If there are fewer than `K` entries, it is all of them.
    ///
    /// Equal labels in the index and in the region mean the same class. So give a new class a label that the
    /// index does not have.
    ///
    /// # Errors
    /// [`EnrolError::Search`] if the fingerprint is of another kind than the region or the index,
    /// [`EnrolError::Flash`] if the flash reports an error.
    pub fn nearest<const K: usize>(
        &mut self,
        index: Option<&Index<'_>>,
        seen: &Fingerprint<'_>,
        likeness: Likeness,
    ) -> Result<Vec<Found, K>, EnrolError<F::Error>> {
        seen.check(self.log.kind.network, self.log.kind.lengths)?;
        let mut found = Vec::new();
        if let Some(index) = index {
            for neighbour in &index.nearest::<K>(seen, likeness)? {
                let label = index.entry(neighbour.position).and_then(|entry| entry.label);
                let (id, distance) = (neighbour.id, neighbour.distance);
                keep(&mut found, Found { source: Source::Index, id, label, distance });
            }
        }
        let mut fault = Ok(());
        self.for_each(|entry| match seen.distance(&entry.fingerprint, likeness) {
            Ok(distance) => {
                let (id, label) = (entry.id, entry.label);
                keep(&mut found, Found { source: Source::Enrolled, id, label, distance });
            }
            Err(error) => fault = Err(error),
        })?;
        fault?;
        Ok(found)
    }
}

/// Puts an entry into the list of the nearest ones so far.
fn keep<const K: usize>(found: &mut Vec<Found, K>, new: Found) {
    let order = |found: &Found| (found.distance, found.source, found.id);
    rank(found, new, |other| order(other) < order(&new));
}
