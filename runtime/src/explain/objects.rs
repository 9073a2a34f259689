//! Objects: connected tokens with much evidence.

use super::components::{NONE, components};
use super::error::MapError;
use super::share::share;
use super::tiling::Tiling;
use crate::camera::Rectangle;
use core::ops::Range;
use heapless::Vec;

/// Maximum number of objects of a map.
pub const MAX_OBJECTS: usize = 8;

/// The label of a token that is in no object.
pub const OUTSIDE: u16 = NONE;

/// How much evidence a token of an object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Floor {
    /// More than 0. In a picture of one thing this is often every token, because attention has mixed them.
    Zero,
    /// More than 0, and more than the mean of all tokens.
    Mean,
}

/// Tokens that are connected and have much evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Object {
    /// The smallest rectangle of the image that holds all pixels of its tokens.
    pub area: Rectangle,
    /// The evidence of its tokens together, in units of the map. Positive.
    pub evidence: i64,
    /// The same as a share of all positive evidence of the map, times `2^16`, at most 65,535.
    pub evidence_share: u16,
    /// The pixels of its tokens as a share of the picture, times `2^16`, at most 65,535. `area` may be larger.
    pub picture_share: u16,
    /// Number of its tokens.
    pub tokens: usize,
}

/// The objects of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Objects {
    found: Vec<Object, MAX_OBJECTS>,
    outside: i64,
    positive_outside: u16,
}

impl Objects {
    /// Finds the objects of a map: the evidence for a class, or any other with one value for each token.
    ///
    /// An object is a set of tokens above the `floor` that are connected by common edges. The eight objects
    /// with the most evidence are kept. Tokens that only share a corner are not connected: on grids of four
    /// pictures, boxes fit the pictures better without corners (`export evidence` measures the boxes).
    ///
    /// `labels` has one value for each token; its contents before the call do not matter. It is the scratch
    /// memory of the search. Afterwards it holds for each token the index of its object in
    /// [`Self::as_slice`], or [`OUTSIDE`].
    ///
    /// The number of steps grows with the number of objects times the number of tokens, which is at most
    /// `tokens² / 2`.
    ///
    /// # Errors
    /// [`MapError`] if the map or `labels` has another length than the tiling has tokens; `labels` is then
    /// unchanged.
    pub fn find(
        map: &[i32],
        tiling: &Tiling,
        floor: Floor,
        labels: &mut [u16],
    ) -> Result<Self, MapError> {
        let expected = tiling.tokens();
        if map.len() != expected {
            return Err(MapError::Map { found: map.len(), expected });
        }
        if labels.len() != expected {
            return Err(MapError::Length { found: labels.len(), expected });
        }
        // At most 1,024 values below 2^31 in magnitude: all sums are below 2^41.
        let all: i64 = map.iter().map(|&value| i64::from(value)).sum();
        let positive: u64 = map.iter().map(|&value| positive(value)).sum();
        let tokens = i64::try_from(expected).unwrap_or(i64::MAX);
        let above = |value: i64| match floor {
            Floor::Zero => value > 0,
            Floor::Mean => value > 0 && value * tokens > all,
        };
        let inside = |token: usize| map.get(token).is_some_and(|&value| above(value.into()));
        components(tiling.columns(), inside, labels);
        let kept = largest(map, tiling, labels);
        for label in labels.iter_mut() {
            let place = kept.iter().position(|set| set.first == *label);
            *label = place.and_then(|place| u16::try_from(place).ok()).unwrap_or(OUTSIDE);
        }
        let inside: u64 = kept.iter().map(|set| set.evidence).sum();
        let mut found = Vec::new();
        for set in &kept {
            // There is room for as many as were kept. `collect` has a panic for more.
            let _ = found.push(set.object(tiling, positive));
        }
        Ok(Self {
            found,
            outside: all.saturating_sub_unsigned(inside),
            positive_outside: share(positive - inside, positive),
        })
    }

    /// The objects, the one with the most evidence first. Of equal ones, the one whose first token comes
    /// first, row by row. Empty if no token is above the floor.
    pub fn as_slice(&self) -> &[Object] {
        &self.found
    }

    /// The background: the evidence of all tokens outside the objects, in units of the map.
    ///
    /// For the evidence of a class, the objects, the background and the bias of the class sum to its logit
    /// exactly. The background is not given as a share of the logit, because a logit can be 0 or negative.
    pub const fn outside(&self) -> i64 {
        self.outside
    }

    /// The share of all positive evidence that lies outside the objects, times `2^16`, at most 65,535.
    pub const fn outside_share(&self) -> u16 {
        self.positive_outside
    }
}

/// A set of connected tokens.
#[derive(Clone, Debug)]
struct Set {
    /// Its first token, which is its label.
    first: u16,
    evidence: u64,
    tokens: usize,
    pixels: usize,
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Set {
    fn object(&self, tiling: &Tiling, positive: u64) -> Object {
        // `usize` has at most 64 bits.
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Object {
            area: tiling.area(&self.rows, &self.columns),
            evidence: i64::try_from(self.evidence).unwrap_or(i64::MAX),
            evidence_share: share(self.evidence, positive),
            picture_share: share(wide(self.pixels), wide(tiling.pixels())),
            tokens: self.tokens,
        }
    }
}

/// The sets of `labels` with the most evidence, the largest first.
fn largest(map: &[i32], tiling: &Tiling, labels: &[u16]) -> Vec<Set, MAX_OBJECTS> {
    let mut kept: Vec<Set, MAX_OBJECTS> = Vec::new();
    for (token, &label) in labels.iter().enumerate() {
        if label == NONE || usize::from(label) != token {
            continue;
        }
        let mut carried = set(map, tiling, labels, label);
        let place = kept.iter().take_while(|other| other.evidence >= carried.evidence).count();
        for slot in kept.iter_mut().skip(place) {
            core::mem::swap(slot, &mut carried);
        }
        // A full list drops the smallest set.
        let _ = kept.push(carried);
    }
    kept
}

/// The set with a label.
fn set(map: &[i32], tiling: &Tiling, labels: &[u16], label: u16) -> Set {
    // The first token replaces both ends.
    let none = Range { start: usize::MAX, end: 0 };
    let mut set =
        Set { first: label, evidence: 0, tokens: 0, pixels: 0, rows: none.clone(), columns: none };
    let (mut row, mut column) = (0, 0);
    for (&value, &other) in map.iter().zip(labels) {
        if other == label {
            let area = tiling.area(&(row..row + 1), &(column..column + 1));
            set.evidence += positive(value);
            set.tokens += 1;
            set.pixels += area.width * area.height;
            set.rows = set.rows.start.min(row)..set.rows.end.max(row + 1);
            set.columns = set.columns.start.min(column)..set.columns.end.max(column + 1);
        }
        column += 1;
        if column == tiling.columns() {
            (row, column) = (row + 1, 0);
        }
    }
    set
}

/// A value if it is positive, and otherwise 0.
fn positive(value: i32) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
