//! An index as it is searched: everything checked, entries borrowed.

use super::fingerprint::{Fingerprint, Part};
use crate::format::{I16Le, I32Le, Names, U64Le};
use crate::kernels::Kernels;

/// The fingerprints of many images, borrowed from the bytes of an index.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    pub(super) network: u32,
    pub(super) ids: I32Le<'a>,
    pub(super) labels: Option<I16Le<'a>>,
    pub(super) label_names: Names<'a>,
    pub(super) names: Names<'a>,
    pub(super) class: Parts<'a>,
    pub(super) appearance: Parts<'a>,
    /// The kernel set that computes.
    pub(super) kernels: &'static Kernels,
}

/// One part of every entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    /// Values of a vector.
    pub(super) dim: usize,
    /// `[entries, dim]`.
    pub(super) vectors: &'a [i8],
    /// Squared norm of each vector.
    pub(super) norms: I32Le<'a>,
    pub(super) codes: U64Le<'a>,
}

/// An image of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its number, which no other entry has.
    pub id: u32,
    /// Its label; `None` if the index has no labels.
    pub label: Option<u16>,
    /// Its name; `None` if the index has no names, or an empty one here.
    pub name: Option<&'a str>,
    /// What describes it.
    pub fingerprint: Fingerprint<'a>,
}

impl<'a> Index<'a> {
    /// Number of entries, at least one.
    #[expect(clippy::len_without_is_empty, reason = "an index is never empty")]
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// The network whose fingerprints these are: CRC-32 in the prelude of its blob.
    pub const fn network(&self) -> u32 {
        self.network
    }

    /// The same index on another kernel set. The results are the same bits.
    #[must_use]
    pub const fn with_kernels(mut self, kernels: &'static Kernels) -> Self {
        self.kernels = kernels;
        self
    }

    /// Name of a label; `None` if the index has no names of labels or no such label.
    pub fn label_name(&self, label: u16) -> Option<&'a str> {
        self.label_names.get(label.into())
    }

    /// The entry at a position, which is [`Neighbour::position`](super::Neighbour::position); `None` if there
    /// are not so many. Entries are in the order of their ids.
    pub fn entry(&self, position: usize) -> Option<Entry<'a>> {
        Some(Entry {
            id: self.ids.get(position)?.cast_unsigned(),
            label: self.labels.map(|labels| labels.get(position).cast_unsigned()),
            name: self.names.get(position),
            fingerprint: Fingerprint {
                network: self.network,
                class: self.class.get(position)?,
                appearance: self.appearance.get(position)?,
            },
        })
    }
}

impl<'a> Parts<'a> {
    /// The part of the entry at a position.
    fn get(&self, position: usize) -> Option<Part<'a>> {
        let vector = self.vectors.get(position.checked_mul(self.dim)?..)?.get(..self.dim)?;
        Some(Part { vector, code: self.codes.get(position)? })
    }
}
