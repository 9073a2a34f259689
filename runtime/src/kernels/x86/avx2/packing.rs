//! Weights in the order in which products read them. They are packed once into memory of the caller, or on the
//! stack in each call.
//!
//! A panel is for sixteen channels. It begins with sixteen i32, the initial values of the sums. Weights follow
//! as `[group][channel][four bytes]`. Channels are in the order of [`CHANNELS`].

use super::multiply::{COLUMN, Multiply};
use super::requant::Requants;
use super::vector::{CHANNELS, load_sixteen};
use crate::kernels::operand::Linear;
use crate::kernels::set::{PACKED_ALIGN, Packing};
use crate::rows::{part_mut, rows_mut, tail, up_to};
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

/// Maximum number of inputs of a layer, after [`Inputs`] has filled up its runs.
pub(super) const MAX_K: usize = 1152;
/// Channels of a vector in the order of [`CHANNELS`].
const ORDER: [[usize; 8]; 2] = [[0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]];

/// Four bytes of each of sixteen channels.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Group([u8; 4 * CHANNELS]);

const _: () = assert!(size_of::<Group>() == PACKED_ALIGN, "a group is a cache line");

// SAFETY: 64 bytes, which may all be zero.
unsafe impl bytemuck::Zeroable for Group {}
// SAFETY: 64 bytes of any value, aligned to their number, so that there is no padding.
unsafe impl bytemuck::Pod for Group {}

impl Group {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn load(&self) -> [__m256i; 2] {
        let first = self.0.as_ptr();
        // SAFETY: a group has 64 bytes.
        let lower = unsafe { _mm256_load_si256(first.cast()) };
        // SAFETY: as above.
        [lower, unsafe { _mm256_load_si256(first.wrapping_add(32).cast()) }]
    }
}

/// Writes a vector, 0 or 1, of a group.
#[inline]
#[target_feature(enable = "avx2")]
fn store(place: &mut MaybeUninit<Group>, vector: usize, values: __m256i) {
    let first = place.as_mut_ptr().cast::<u8>();
    // SAFETY: a group has two vectors.
    unsafe { _mm256_store_si256(first.wrapping_add(32 * (vector % 2)).cast(), values) };
}

/// The inputs of a layer, divided into runs. The inputs of a run are contiguous in memory. Weights of zero fill
/// each run up to whole groups.
#[derive(Clone, Copy)]
pub(super) struct Inputs {
    run: usize,
    runs: usize,
    /// Groups in a run.
    run_groups: usize,
    /// Inputs of a group.
    group: usize,
}

impl Inputs {
    /// The inputs of `layer` in runs of `run`.
    #[inline]
    pub(super) fn new<M: Multiply>(layer: &Linear<'_>, run: usize) -> Self {
        // Not `clamp`, which can panic.
        let run = run.min(layer.inputs()).max(1);
        let group = 4 / M::BYTES;
        Self { run, runs: layer.inputs() / run, run_groups: run.div_ceil(group), group }
    }

    /// Groups in a run.
    pub(super) const fn run_groups(self) -> usize {
        self.run_groups
    }

    /// Groups in all runs.
    const fn groups(self) -> usize {
        self.runs * self.run_groups
    }

    /// Whether a layer with these inputs can be packed.
    pub(super) const fn fit(self) -> bool {
        self.group * self.groups() <= MAX_K
    }

    /// Groups of a packed panel: one for the initial sums, the others for the weights.
    const fn panel_groups(self) -> usize {
        1 + self.groups()
    }
}

/// How a set with the products of `M` packs.
pub(super) const fn packing<M: Multiply>() -> Packing {
    Packing { len: len::<M>, pack: pack::<M> }
}

/// Bytes of a packed layer.
fn len<M: Multiply>(layer: &Linear<'_>, run: usize) -> usize {
    let inputs = Inputs::new::<M>(layer, run);
    let panels = layer.outputs().div_ceil(CHANNELS);
    if inputs.fit() { panels * inputs.panel_groups() * size_of::<Group>() } else { 0 }
}

/// Packs a layer into [`len`] bytes.
fn pack<M: Multiply>(layer: &Linear<'_>, run: usize, memory: &mut [u8]) {
    let inputs = Inputs::new::<M>(layer, run);
    let empty = memory.is_empty();
    let Ok(memory) = bytemuck::try_cast_slice_mut::<_, Group>(memory) else {
        debug_assert!(empty, "memory aligned to {PACKED_ALIGN} bytes, whole groups");
        return;
    };
    let panels = rows_mut(memory, inputs.panel_groups()).enumerate();
    for (index, panel) in panels {
        let (len, first) = (panel.len(), panel.as_mut_ptr().cast::<MaybeUninit<Group>>());
        // SAFETY: both types have the same layout, and `write` writes only groups.
        let panel = unsafe { core::slice::from_raw_parts_mut(first, len) };
        // SAFETY: the packing belongs to a set that `sets` returns only if the processor has its
        // instructions.
        unsafe { write::<M>(layer, inputs, index * CHANNELS, panel) };
    }
}

/// Memory for a panel of a layer that is not packed.
pub(super) struct Memory([MaybeUninit<Group>; 1 + MAX_K / 2]);

impl Memory {
    pub(super) const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; 1 + MAX_K / 2])
    }

    /// The panel from channel `first` on: the initial sums, then the weights. It is packed here if the layer is
    /// not packed.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn panel<'a, M: Multiply>(
        &'a mut self,
        layer: &Linear<'a>,
        inputs: Inputs,
        first: usize,
    ) -> Option<(&'a Group, &'a [Group])> {
        let len = inputs.panel_groups();
        let packed = bytemuck::try_cast_slice(layer.packed()).unwrap_or(&[]);
        let panel = up_to(packed, first / CHANNELS * len, len);
        if panel.len() == len {
            return panel.split_first();
        }
        let panel = part_mut(&mut self.0, 0, len);
        write::<M>(layer, inputs, first, panel);
        // SAFETY: `write` wrote every group.
        let panel = unsafe { core::slice::from_raw_parts(panel.as_ptr().cast(), panel.len()) };
        panel.split_first()
    }
}

/// Packs the panel from channel `first` on.
#[inline(never)]
#[target_feature(enable = "avx2")]
fn write<M: Multiply>(
    layer: &Linear<'_>,
    inputs: Inputs,
    first: usize,
    panel: &mut [MaybeUninit<Group>],
) {
    let Some((start, groups)) = panel.split_first_mut() else { return };
    let weights = tail(layer.weights(), first * layer.inputs());
    for (vector, bias) in Requants::biases(layer, first).into_iter().enumerate() {
        let excess = transpose::<M>(weights, (layer.inputs(), inputs), vector, groups);
        store(start, vector, _mm256_sub_epi32(bias, excess));
    }
}

/// Writes one vector of each group. Returns the amount by which the conversion of inputs increases the sums.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose<M: Multiply>(
    weights: &[i8],
    (k, inputs): (usize, Inputs),
    vector: usize,
    groups: &mut [MaybeUninit<Group>],
) -> __m256i {
    let channels = ORDER.get(vector).copied().unwrap_or_default();
    let mut excess = _mm256_setzero_si256();
    for (run, groups) in rows_mut(groups, inputs.run_groups).enumerate() {
        let columns = groups.chunks_mut(COLUMN * M::BYTES / 4).enumerate();
        for (column, groups) in columns {
            let at = column * COLUMN;
            let len = COLUMN.min(inputs.run - at);
            let row = |channel| up_to(weights, channel * k + run * inputs.run + at, len);
            let [a, b, c, d, e, f, g, h] = channels;
            let rows = [
                load_sixteen(row(a)),
                load_sixteen(row(b)),
                load_sixteen(row(c)),
                load_sixteen(row(d)),
                load_sixteen(row(e)),
                load_sixteen(row(f)),
                load_sixteen(row(g)),
                load_sixteen(row(h)),
            ];
            // SAFETY: `sets` returns a set only if the processor has its instructions.
            let column = unsafe { M::transpose(rows) };
            for (place, &values) in groups.iter_mut().zip(column.as_ref()) {
                // SAFETY: as above.
                excess = unsafe { M::excess(excess, values) };
                store(place, vector, values);
            }
        }
    }
    excess
}
