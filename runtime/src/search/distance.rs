//! How far two fingerprints are from each other.

use super::error::SearchError;
use super::fingerprint::{Fingerprint, Likeness, Part};
use super::index::Parts;
use crate::format::I32Le;
use crate::kernels::Kernels;
use crate::rows::part;

/// Entries whose distances are computed together.
pub(super) const BLOCK: usize = 16;

/// `Σ v²`, at most 2^21.
pub(super) fn norm(vector: &[i8]) -> i32 {
    vector.iter().map(|&value| i32::from(value) * i32::from(value)).sum()
}

impl Fingerprint<'_> {
    /// The distance of two fingerprints by their vectors, as in [`Index::nearest`](super::Index::nearest).
    ///
    /// # Errors
    /// [`SearchError`] if the fingerprints are of different networks, or their vectors have different lengths.
    pub fn distance(&self, other: &Self, likeness: Likeness) -> Result<u32, SearchError> {
        self.check(other.network, [&other.class, &other.appearance].map(|part| part.vector.len()))?;
        let parts = [(&self.class, &other.class), (&self.appearance, &other.appearance)];
        let weighted = parts.into_iter().zip(likeness.weights());
        Ok(weighted
            .map(|((a, b), weight)| if weight == 0 { 0 } else { weight * square(a, b) })
            .sum())
    }
}

/// `Σ (a − b)²`, below 2^23.
fn square(a: &Part<'_>, b: &Part<'_>) -> u32 {
    let differences = a.vector.iter().zip(b.vector).map(|(&a, &b)| u32::from(a.abs_diff(b)));
    differences.map(|difference| difference * difference).sum()
}

impl Parts<'_> {
    /// Adds `weight · Σ (q − v)²` for the entries from `first` on, one for each of `sums`, of which there are
    /// at most [`BLOCK`].
    ///
    /// The square is `Σ q² + Σ v² − 2 · Σ q·v`. Each of the three sums is at most 2^21, so every step fits i32,
    /// and 256 times the square fits u32.
    pub(super) fn add_squares(
        &self,
        kernels: &Kernels,
        query: &[i8],
        weight: u32,
        first: usize,
        sums: &mut [u32],
    ) {
        static NO_BIAS: [u8; 4 * BLOCK] = [0; 4 * BLOCK];
        let Some(bias) = I32Le::new(&NO_BIAS) else { return };
        let mut dots = [0; BLOCK];
        let vectors = part(self.vectors, first * self.dim, sums.len() * self.dim);
        (kernels.logits_i8)(query, vectors, bias, &mut dots);
        let own = norm(query);
        for ((sum, dot), norm) in sums.iter_mut().zip(dots).zip(self.norms.skip(first).iter()) {
            *sum += weight * (own + norm - 2 * dot).cast_unsigned();
        }
    }

    /// `weight` times the number of bits in which the code of each entry differs from the query's.
    pub(super) fn differing_bits<'s>(
        &'s self,
        query: &Part<'_>,
        weight: u32,
    ) -> impl Iterator<Item = u32> + use<'s> {
        let query = query.code;
        self.codes.iter().map(move |code| weight * (code ^ query).count_ones())
    }
}
