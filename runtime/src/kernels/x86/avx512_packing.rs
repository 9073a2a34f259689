//! Layers packed once, into memory of the caller.
//!
//! Panels that are multiplied together follow one another, as `[P] i32 × 16` where their sums start
//! and `[group of four inputs][P][channel][input]` weights, in the order in which a product reads
//! them.

use super::super::{Linear, PACKED_ALIGN, Packing};
use super::avx512_product::{GROUPS, MAX_K, Panels, Task, most_panels};
use super::avx512_vector::{BYTES, Group, LANES};
use crate::rows::part;
use core::mem::MaybeUninit;

/// The packing of the AVX-512 VNNI set.
pub(super) const PACKING: Packing = Packing { len, pack };

const _: () = assert!(core::mem::size_of::<Group>() == PACKED_ALIGN);

/// Groups of one panel over `k` inputs: its weights, and where its sums start.
pub(super) const fn panel_groups(k: usize) -> usize {
    1 + k.div_ceil(4)
}

/// Bytes of a packed layer.
fn len(layer: &Linear<'_>) -> usize {
    let k = layer.inputs();
    if k > MAX_K { 0 } else { layer.outputs().div_ceil(LANES) * panel_groups(k) * BYTES }
}

/// Packs a layer into [`len`] bytes.
fn pack(layer: &Linear<'_>, memory: &mut [u8]) {
    let k = layer.inputs();
    let mut first = 0;
    // At least 1, so that the compiler sees that no size of 0 can panic.
    let mut places = memory.chunks_mut((BYTES * panel_groups(k) * most_panels(k)).max(1));
    while first < layer.outputs() {
        let Some(place) = places.next() else { return };
        let panels = (layer.outputs() - first).div_ceil(LANES).min(most_panels(k));
        // SAFETY: the packing belongs to a set that `sets` gives out only where the processor has every
        // feature named below.
        unsafe {
            match panels {
                1 => write::<1>(layer, first, place),
                2 => write::<2>(layer, first, place),
                3 => write::<3>(layer, first, place),
                _ => write::<4>(layer, first, place),
            }
        }
        first += panels * LANES;
    }
}

/// `P` panels from channel `first` on.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
fn write<const P: usize>(layer: &Linear<'_>, first: usize, place: &mut [u8]) {
    let mut buffer = [const { MaybeUninit::uninit() }; GROUPS];
    let (groups, start) = Task::pack::<P>(layer, first, &mut buffer);
    let start = start.map(|start| {
        let mut group = Group([0; BYTES]);
        group.store(start);
        group
    });
    let groups = start.iter().chain(groups.as_flattened());
    for (place, group) in place.chunks_mut(BYTES).zip(groups) {
        if let Some(place) = place.first_chunk_mut() {
            *place = group.0;
        }
    }
}

/// The panels from channel `first` on; `None` if the layer is not packed.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn packed<'a, const P: usize>(
    layer: &Linear<'a>,
    first: usize,
) -> Option<Panels<'a, P>> {
    let groups: &[Group] = bytemuck::try_cast_slice(layer.packed()).ok()?;
    let len = panel_groups(layer.inputs());
    let (panels, _) = part(groups, first / LANES * len, P * len).as_chunks::<P>();
    let (start, groups) = panels.split_first()?;
    Some((groups, start.each_ref().map(|group| group.load())))
}
