//! The nearest entries of an index.

use super::distance::BLOCK;
use super::error::SearchError;
use super::fingerprint::{Fingerprint, Likeness, Part};
use super::index::{Index, Parts};
use crate::ranks::rank;
use heapless::Vec;

/// An entry of an index that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Neighbour {
    /// Its position in the index.
    pub position: usize,
    /// Its number.
    pub id: u32,
    /// Its distance from the fingerprint of the query; 0 if both are equal.
    pub distance: u32,
}

/// The parts to compare: of the query, of all entries, and the weight.
type Compared<'q, 'a> = [(Part<'q>, Parts<'a>, u32); 2];

impl Index<'_> {
    /// The `K` entries with the nearest vectors, the nearest first. Entries at the same distance are in the
    /// order of their ids. If there are fewer than `K` entries, it is all of them.
    ///
    /// The distance is the square of the Euclidean distance, `Σ (q − v)²`. Under [`Likeness::Mixed`] it is the
    /// weighted sum of the distances of both parts, times 256.
    ///
    /// # Errors
    /// [`SearchError`] if the fingerprint is not of the network of the index.
    pub fn nearest<const K: usize>(
        &self,
        seen: &Fingerprint<'_>,
        likeness: Likeness,
    ) -> Result<Vec<Neighbour, K>, SearchError> {
        let compared = self.compared(seen, likeness)?;
        let mut found = Vec::new();
        let mut first = 0;
        while first < self.len() {
            let mut sums = [0; BLOCK];
            let count = BLOCK.min(self.len() - first);
            self.squares(&compared, first, sums.get_mut(..count).unwrap_or(&mut []));
            for (index, &distance) in sums.iter().take(count).enumerate() {
                self.keep(&mut found, first + index, distance);
            }
            first += count;
        }
        Ok(found)
    }

    /// The `K` entries with the nearest codes, otherwise as [`Self::nearest`].
    ///
    /// The distance is the number of bits that differ. Under [`Likeness::Mixed`] it is the weighted sum of
    /// both numbers, times 256.
    ///
    /// # Errors
    /// As [`Self::nearest`].
    pub fn nearest_by_codes<const K: usize>(
        &self,
        seen: &Fingerprint<'_>,
        likeness: Likeness,
    ) -> Result<Vec<Neighbour, K>, SearchError> {
        let compared = self.compared(seen, likeness)?;
        let mut found = Vec::new();
        let [(class, classes, class_weight), (appearance, appearances, weight)] = &compared;
        // Codes of a part without weight are not read.
        match (class_weight, weight) {
            (0, _) => self.keep_all(&mut found, appearances.differing_bits(appearance, *weight)),
            (_, 0) => self.keep_all(&mut found, classes.differing_bits(class, *class_weight)),
            _ => {
                let class = classes.differing_bits(class, *class_weight);
                let both = class.zip(appearances.differing_bits(appearance, *weight));
                self.keep_all(&mut found, both.map(|(a, b)| a + b));
            }
        }
        Ok(found)
    }

    /// Finds the `C` entries with the nearest codes, and of these the `K` with the nearest vectors. This takes
    /// only a part of the work of [`Self::nearest`], and the result may differ from that.
    ///
    /// # Errors
    /// As [`Self::nearest`].
    pub fn nearest_in_two_stages<const C: usize, const K: usize>(
        &self,
        seen: &Fingerprint<'_>,
        likeness: Likeness,
    ) -> Result<Vec<Neighbour, K>, SearchError> {
        let compared = self.compared(seen, likeness)?;
        let candidates = self.nearest_by_codes::<C>(seen, likeness)?;
        let mut found = Vec::new();
        // By reference: the iterator of a list by value contains an index that can panic.
        for &Neighbour { position, .. } in &candidates {
            let mut sum = [0];
            self.squares(&compared, position, &mut sum);
            let [distance] = sum;
            self.keep(&mut found, position, distance);
        }
        Ok(found)
    }

    /// What is compared, if the fingerprint is of the network of the index.
    fn compared<'q>(
        &self,
        seen: &Fingerprint<'q>,
        likeness: Likeness,
    ) -> Result<Compared<'q, '_>, SearchError> {
        seen.check(self.network, [self.class.dim, self.appearance.dim])?;
        let [class, appearance] = likeness.weights();
        Ok([(seen.class, self.class, class), (seen.appearance, self.appearance, appearance)])
    }

    /// Adds the weighted squares of the entries from `first` on to `sums`. A part without weight is not read.
    fn squares(&self, compared: &Compared<'_, '_>, first: usize, sums: &mut [u32]) {
        for (part, parts, weight) in compared {
            if *weight != 0 {
                parts.add_squares(self.kernels, part.vector, *weight, first, sums);
            }
        }
    }

    fn keep_all<const K: usize>(
        &self,
        found: &mut Vec<Neighbour, K>,
        distances: impl Iterator<Item = u32>,
    ) {
        for (position, distance) in distances.enumerate() {
            self.keep(found, position, distance);
        }
    }

    /// Takes an entry into the nearest that were found so far.
    #[inline]
    fn keep<const K: usize>(&self, found: &mut Vec<Neighbour, K>, position: usize, distance: u32) {
        if found.is_full() && found.last().is_none_or(|last| distance > last.distance) {
            return;
        }
        let id = self.ids.get(position).unwrap_or_default().cast_unsigned();
        // By id, not by order of arrival: candidates of a first stage come in another order.
        let before = |other: &Neighbour| (other.distance, other.position) < (distance, position);
        rank(found, Neighbour { position, id, distance }, before);
    }
}
