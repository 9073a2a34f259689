//! Weights in the order in which products on AVX-512 read them. They are packed once into memory of
//! the caller, or else on the stack in each call. A transposition in registers costs a sixteenth of
//! an instruction for each weight.
//!
//! `P` panels that are multiplied together are packed together: first `[P][16]` i32, at which the
//! sums start, then weights as `[group of four inputs][P][channel][input]`.

use super::requant::{Requants, no_carry};
use super::tile::{PANELS, Panels, panels};
use super::vector::{BYTES, Group, LANES, fours, load_sixteen, strided};
use crate::kernels::operand::Linear;
use crate::kernels::set::{PACKED_ALIGN, Packing};
use crate::rows::{part, part_mut, rows, rows_mut, tail, up_to};
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

/// The packing of the AVX-512 VNNI set.
pub(super) const PACKING: Packing = Packing { len, pack };

/// Maximum number of inputs of a packed layer, after [`Inputs`] has filled up its runs.
pub(super) const MAX_K: usize = 1152;
/// Number of groups on the stack: four panels of up to 576 inputs, or two panels of [`MAX_K`].
const GROUPS: usize = 576;

const _: () = assert!(size_of::<Group>() == PACKED_ALIGN, "a group is a cache line");

/// Inputs of a layer in runs that lie side by side in memory, each filled up to a multiple of four
/// by weights of zero.
#[derive(Clone, Copy)]
pub(super) struct Inputs {
    run: usize,
    runs: usize,
}

impl Inputs {
    /// The inputs of `layer` in runs of `run`.
    pub(super) fn new(layer: &Linear<'_>, run: usize) -> Self {
        // Not `clamp`, which can panic.
        let run = run.min(layer.inputs()).max(1);
        Self { run, runs: layer.inputs() / run }
    }

    /// Groups of four in a run.
    pub(super) const fn run_groups(self) -> usize {
        self.run.div_ceil(4)
    }

    /// Groups of four in all.
    pub(super) const fn groups(self) -> usize {
        self.runs * self.run_groups()
    }

    /// Whether layers over them are packed.
    pub(super) const fn fit(self) -> bool {
        4 * self.groups() <= MAX_K
    }

    /// Groups of a packed panel: one for the start of its sums, the others for its weights.
    pub(super) const fn panel_groups(self) -> usize {
        1 + self.groups()
    }

    /// How many of the `left` panels are multiplied at once.
    pub(super) fn panels(self, layer: &Linear<'_>, left: usize) -> usize {
        let groups = self.groups().max(1);
        panels(left, if layer.packed().is_empty() { GROUPS / groups } else { PANELS })
    }
}

/// Bytes of a packed layer.
fn len(layer: &Linear<'_>, run: usize) -> usize {
    let inputs = Inputs::new(layer, run);
    if !inputs.fit() || !no_carry(layer) {
        return 0;
    }
    layer.outputs().div_ceil(LANES) * inputs.panel_groups() * BYTES
}

/// Packs a layer into [`len`] bytes.
fn pack(layer: &Linear<'_>, run: usize, memory: &mut [u8]) {
    let inputs = Inputs::new(layer, run);
    let packed = !memory.is_empty();
    let Ok(mut memory) = bytemuck::try_cast_slice_mut::<_, Group>(memory) else {
        debug_assert!(!packed, "memory aligned to {PACKED_ALIGN} bytes, whole groups");
        return;
    };
    let mut first = 0;
    while first < layer.outputs() {
        let panels = panels((layer.outputs() - first).div_ceil(LANES), PANELS);
        let len = panels * inputs.panel_groups();
        let Some((place, rest)) = memory.split_at_mut_checked(len) else {
            debug_assert!(!packed, "memory for {len} groups");
            return;
        };
        match panels {
            // SAFETY: the packing belongs to a set that `sets` returns only if the processor has
            // every feature that `write` asks for.
            1 => unsafe { write::<1>(layer, inputs, first, place) },
            // SAFETY: as above.
            2 => unsafe { write::<2>(layer, inputs, first, place) },
            // SAFETY: as above.
            3 => unsafe { write::<3>(layer, inputs, first, place) },
            // SAFETY: as above.
            4 => unsafe { write::<4>(layer, inputs, first, place) },
            // SAFETY: as above.
            _ => unsafe { write::<PANELS>(layer, inputs, first, place) },
        }
        memory = rest;
        first += panels * LANES;
    }
}

/// `P` panels from channel `first` on.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
fn write<const P: usize>(layer: &Linear<'_>, inputs: Inputs, first: usize, place: &mut [Group]) {
    let Some((start, groups)) = place.split_first_chunk_mut::<P>() else {
        debug_assert!(false, "a group for the start of each panel");
        return;
    };
    let (len, groups) = (groups.len(), groups.as_mut_ptr().cast::<MaybeUninit<Group>>());
    // SAFETY: both types have the same layout, and `transposed` writes nothing but groups.
    let groups = unsafe { core::slice::from_raw_parts_mut(groups, len) };
    let packed = transposed::<P>(layer, inputs, first, groups);
    for (place, start) in start.iter_mut().zip(packed.start) {
        place.store(start);
    }
}

/// Room for the panels of a layer that is not packed.
pub(super) struct Memory([MaybeUninit<Group>; GROUPS]);

impl Memory {
    pub(super) const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; GROUPS])
    }

    /// The panels from channel `first` on, packed now unless they are already.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn panels<'a, const P: usize>(
        &'a mut self,
        layer: &Linear<'a>,
        inputs: Inputs,
        first: usize,
    ) -> Panels<'a, P> {
        match packed(layer, inputs, first) {
            Some(panels) => panels,
            None => transposed(layer, inputs, first, &mut self.0),
        }
    }
}

/// The panels from channel `first` on; `None` if the layer is not packed.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn packed<'a, const P: usize>(
    layer: &Linear<'a>,
    inputs: Inputs,
    first: usize,
) -> Option<Panels<'a, P>> {
    let groups: &[Group] = bytemuck::try_cast_slice(layer.packed()).ok()?;
    let len = inputs.panel_groups();
    let groups = groups.get(first / LANES * len..)?.get(..P * len)?;
    let (panels, _) = groups.as_chunks::<P>();
    let (start, groups) = panels.split_first()?;
    Some(Panels { groups, start: start.each_ref().map(|group| group.load()) })
}

/// Packs `P` panels into `buffer`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn transposed<'b, const P: usize>(
    layer: &Linear<'_>,
    inputs: Inputs,
    first: usize,
    buffer: &'b mut [MaybeUninit<Group>],
) -> Panels<'b, P> {
    let (groups, _) = buffer.as_chunks_mut::<P>();
    let groups = part_mut(groups, 0, inputs.groups());
    let mut start = [_mm512_setzero_si512(); P];
    for (panel, start) in start.iter_mut().enumerate() {
        let channel = first + panel * LANES;
        let weights = tail(layer.weights(), channel * layer.inputs());
        let sum = if inputs.runs > 1 && !inputs.run.is_multiple_of(4) {
            let mut filled = [0; LANES * MAX_K];
            let k = 4 * inputs.groups();
            fill_up(weights, inputs, &mut filled);
            transpose(part(&filled, 0, LANES * k), k, groups, panel)
        } else {
            transpose(weights, layer.inputs(), groups, panel)
        };
        let bias = Requants::bias(layer, channel);
        *start = _mm512_sub_epi32(bias, _mm512_slli_epi32::<7>(sum));
    }
    let len = groups.len();
    // SAFETY: `transpose` wrote every panel of every group in this slice.
    let groups = unsafe { core::slice::from_raw_parts(groups.as_ptr().cast(), len) };
    Panels { groups, start }
}

/// Sixteen rows of weights, each run filled up.
#[inline(never)]
fn fill_up(weights: &[i8], inputs: Inputs, out: &mut [i8]) {
    let (run, filled) = (inputs.run, 4 * inputs.run_groups());
    let runs = rows(weights, run).zip(rows_mut(out, filled));
    for (from, to) in runs.take(LANES * inputs.runs) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = *from;
        }
    }
}

/// Writes one panel, the weights of sixteen channels over `k` inputs, and returns their sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn transpose<const P: usize>(
    weights: &[i8],
    k: usize,
    groups: &mut [[MaybeUninit<Group>; P]],
    panel: usize,
) -> __m512i {
    // A sum for each of four groups: one sum alone would wait for itself.
    let mut parts = [_mm512_setzero_si512(); 4];
    let (columns, rest) = groups.as_chunks_mut::<4>();
    let whole = columns.len();
    for (column, groups) in columns.iter_mut().enumerate() {
        let at = column * LANES;
        let fours = match strided(weights, at, k) {
            Some(fours) if k - at >= LANES => fours,
            _ => edge(weights, at, k),
        };
        place(groups, panel, fours, &mut parts);
    }
    if !rest.is_empty() {
        let fours = edge(weights, whole * LANES, k);
        place(rest, panel, fours, &mut parts);
    }
    let [a, b, c, d] = parts;
    _mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d))
}

/// Stores a vector in a panel of each group, and adds its values to its sum.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn place<const P: usize>(
    groups: &mut [[MaybeUninit<Group>; P]],
    panel: usize,
    fours: [__m512i; 4],
    sums: &mut [__m512i; 4],
) {
    let ones = _mm512_set1_epi8(1);
    for ((group, four), sum) in groups.iter_mut().zip(fours).zip(sums) {
        *sum = _mm512_dpbusd_epi32(*sum, ones, four);
        if let Some(place) = group.get_mut(panel) {
            // SAFETY: a group has 64 bytes.
            unsafe { _mm512_storeu_epi8(place.as_mut_ptr().cast(), four) };
        }
    }
}

/// As [`strided`], for the last rows and inputs of a layer: zeros beyond both.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn edge(weights: &[i8], at: usize, k: usize) -> [__m512i; 4] {
    fours(|row| load_sixteen(up_to(weights, row * k + at, LANES.min(k - at))))
}
