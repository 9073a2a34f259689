//! Hashes of the results of `runtime::explain` and of the attributes of a run, and the attributes that a board shows.

use crate::fnv::Fnv1a;
use runtime::explain::{Floor, Objects, Tiling, display, peak};
use runtime::{Attribute, Attributes, Output};

/// Memory with one value for each token.
#[derive(Debug)]
pub struct Room<'a> {
    /// For a map.
    pub map: &'a mut [i32],
    /// For the object of each token.
    pub labels: &'a mut [u16],
    /// For the bytes of a screen.
    pub bytes: &'a mut [i8],
}

/// The hash of what is found in the evidence for the class of a run, and in its difference to the next
/// class: two integers, the lower half first.
///
/// `None` if the run has no evidence, or a length is wrong.
pub fn objects(output: &Output<'_>, tiling: &Tiling, room: &mut Room<'_>) -> Option<[i32; 2]> {
    let mut hash = Fnv1a::new();
    let (class, classes) = (output.class(), output.logits().len());
    output.evidence(class, room.map).ok()?;
    push_map(&mut hash, tiling, room)?;
    output.difference(class, if class + 1 < classes { class + 1 } else { 0 }, room.map).ok()?;
    push_map(&mut hash, tiling, room)?;
    Some(halves(hash.value().cast_signed()))
}

/// The hash of the attributes of a run: logit and probability of each, its evidence, and the objects in it. Two
/// integers, the lower half first.
///
/// `None` if the attributes are those of another network, or a length is wrong.
pub fn attributes(
    output: &Output<'_>,
    attributes: &Attributes<'_>,
    tiling: &Tiling,
    room: &mut Room<'_>,
) -> Option<[i32; 2]> {
    let mut hash = Fnv1a::new();
    for (index, attribute) in output.attributes(attributes).ok()?.enumerate() {
        hash.push(attribute.logit);
        hash.push(attribute.probability.into());
        output.attribute_evidence(attributes, index, room.map).ok()?;
        hash.extend(room.map.iter().copied());
        push_map(&mut hash, tiling, room)?;
    }
    Some(halves(hash.value().cast_signed()))
}

/// The two attributes with the highest probabilities, the highest first; the first ones if probabilities are equal.
pub fn most_probable<'a>(
    attributes: impl Iterator<Item = Attribute<'a>>,
) -> [Option<Attribute<'a>>; 2] {
    let mut best: [Option<Attribute<'a>>; 2] = [None; 2];
    for attribute in attributes {
        let above = |other: Option<Attribute<'a>>| {
            other.is_none_or(|other| attribute.probability > other.probability)
        };
        let [first, second] = best;
        if above(first) {
            best = [Some(attribute), first];
        } else if above(second) {
            best = [first, Some(attribute)];
        }
    }
    best
}

/// Appends the objects of a map with each [`Floor`], the object of each token, and the bytes for a screen.
/// Integers of 64 bits are two of 32, the lower half first.
fn push_map(hash: &mut Fnv1a, tiling: &Tiling, room: &mut Room<'_>) -> Option<()> {
    for floor in [Floor::Zero, Floor::Mean] {
        let objects = Objects::find(room.map, tiling, floor, room.labels).ok()?;
        for object in objects.as_slice() {
            let area = object.area;
            for size in [area.x, area.y, area.width, area.height, object.tokens] {
                hash.push(i32::try_from(size).ok()?);
            }
            hash.extend(halves(object.evidence));
            hash.push(object.evidence_share.into());
            hash.push(object.picture_share.into());
        }
        hash.extend(halves(objects.outside()));
        hash.push(objects.outside_share().into());
        hash.extend(room.labels.iter().map(|&label| label.into()));
    }
    display(room.map, peak(room.map), room.bytes).ok()?;
    hash.extend(room.bytes.iter().map(|&byte| byte.into()));
    Some(())
}

fn halves(value: i64) -> [i32; 2] {
    [value as i32, (value >> 32) as i32]
}
