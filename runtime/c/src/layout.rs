//! What `runtime/web/ocelli.js` relies on: sizes and offsets of the structs with 32-bit pointers.

use crate::attributes::{OcelliAttribute, OcelliAttributes};
use crate::descriptor::{OcelliDescriptor, OcelliFingerprint, OcelliPart};
use crate::index::{OCELLI_MAX_NEIGHBOURS, OcelliEntry, OcelliIndex, OcelliNeighbour};
use crate::index_write::OcelliIndexContents;
use crate::model::{OCELLI_MODEL_SIZE, OcelliInfo};
use crate::output::{OcelliOutput, OcelliRanked};
use core::mem::offset_of;

const _: () = {
    assert!(OCELLI_MODEL_SIZE == 5120 && OCELLI_MAX_NEIGHBOURS == 32);
    assert!(size_of::<OcelliOutput>() == 80 && size_of::<OcelliAttributes>() == 80);
    assert!(size_of::<OcelliDescriptor>() == 256 && size_of::<OcelliIndex>() == 144);
    assert!(size_of::<OcelliInfo>() == 36 && offset_of!(OcelliInfo, arena_len_fast) == 32);
    assert!(size_of::<OcelliRanked>() == 12 && offset_of!(OcelliRanked, probability) == 8);
    assert!(size_of::<OcelliAttribute>() == 8 && offset_of!(OcelliAttribute, probability) == 4);
    assert!(size_of::<OcelliPart>() == 16 && offset_of!(OcelliPart, vector) == 8);
    assert!(offset_of!(OcelliFingerprint, appearance_part) == 16);
    assert!(size_of::<OcelliFingerprint>() == 40 && offset_of!(OcelliFingerprint, network) == 32);
    assert!(size_of::<OcelliNeighbour>() == 12 && offset_of!(OcelliNeighbour, distance) == 8);
    assert!(offset_of!(OcelliEntry, name) == 40 && offset_of!(OcelliEntry, label_name) == 48);
    assert!(offset_of!(OcelliEntry, id) == 56 && offset_of!(OcelliEntry, label) == 60);
    assert!(size_of::<OcelliEntry>() == 64);
    assert!(offset_of!(OcelliIndexContents, label_names) == 12);
    assert!(offset_of!(OcelliIndexContents, class_parts) == 28);
    assert!(offset_of!(OcelliIndexContents, network) == 52);
    assert!(size_of::<OcelliIndexContents>() == 56);
};
