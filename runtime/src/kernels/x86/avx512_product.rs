//! Matrix products on AVX-512 VNNI: four rows by 64 channels, accumulators in registers.
//!
//! Inputs are the unsigned side of `vpdpbusd`, as `x + 128`; `128 · Σw`, summed from the packed
//! weights, is taken off the bias. The instruction wraps modulo `2^32` and the true sum fits, so the
//! result is exact.
//!
//! Weights are packed 64 channels at a time: once into memory of the caller, or else on the stack in
//! each call. A transposition in registers costs a sixteenth of an instruction a weight.

use super::super::Linear;
use super::avx512_packing::{packed, panel_groups};
use super::avx512_rows::{Fours, Inputs, Memory, Tile};
use super::avx512_vector::{BYTES, Group, LANES, Rescale, fours, load_sixteen, strided};
use crate::rows::{part, part_mut, rows_mut};
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

/// Rows whose accumulators are in registers together.
pub(super) const ROWS: usize = 4;
/// Most vectors of channels whose accumulators are in registers together.
const PANELS: usize = 4;
/// Most inputs of a layer that is packed.
pub(super) const MAX_K: usize = 1152;
/// Groups that fit the stack: four panels of up to 576 inputs, or two of [`MAX_K`].
pub(super) const GROUPS: usize = 576;

/// What happens to the rescaled accumulators of a row.
pub(super) trait Store {
    /// A stored value.
    type Out;

    /// Stores up to 64 channels, as many as `out` has.
    ///
    /// # Safety
    /// The processor must have AVX-512 F, BW, VL and VBMI.
    unsafe fn store(&self, rescaled: [__m512i; PANELS], out: &mut [Self::Out]);
}

/// All rows times all channels, for at most [`MAX_K`] inputs.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) fn product<S: Store>(x: &[i8], layer: &Linear<'_>, out: &mut [S::Out], store: &S) {
    let k = layer.inputs().clamp(1, MAX_K);
    let mut buffer = [const { MaybeUninit::uninit() }; GROUPS];
    let n = layer.outputs().max(1);
    let len = (x.len() / k).min(out.len() / n) * n;
    let out = part_mut(out, 0, len);
    let mut memory = Memory::new();
    let inputs = Inputs::new(x, k, &mut memory);
    let mut tile = Tile::new();
    let most = most_panels(k);
    let mut first = 0;
    while first < layer.outputs() {
        let panels = (layer.outputs() - first).div_ceil(LANES).min(most);
        let task = Task { inputs, layer, k, first };
        match panels {
            1 => task.run::<S, 1>(&mut buffer, &mut tile, out, store),
            2 => task.run::<S, 2>(&mut buffer, &mut tile, out, store),
            3 => task.run::<S, 3>(&mut buffer, &mut tile, out, store),
            _ => task.run::<S, 4>(&mut buffer, &mut tile, out, store),
        }
        first += panels * LANES;
    }
}

/// Most panels that are packed together.
pub(super) const fn most_panels(k: usize) -> usize {
    if PANELS * k.div_ceil(4) <= GROUPS { PANELS } else { 2 }
}

/// What the rows of a task share.
struct Products<'a, const P: usize> {
    groups: &'a [[Group; P]],
    start: [__m512i; P],
    rescales: [Rescale; PANELS],
}

/// `P` panels of weights, and where their sums start.
pub(super) type Panels<'a, const P: usize> = (&'a [[Group; P]], [__m512i; P]);

/// All rows times the channels from `first` on.
pub(super) struct Task<'a> {
    inputs: Inputs<'a>,
    layer: &'a Linear<'a>,
    k: usize,
    first: usize,
}

impl Task<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn run<S: Store, const P: usize>(
        &self,
        buffer: &mut [MaybeUninit<Group>],
        tile: &mut Tile,
        out: &mut [S::Out],
        store: &S,
    ) {
        let (groups, start) = match packed(self.layer, self.first) {
            Some(packed) => packed,
            None => Self::pack::<P>(self.layer, self.first, buffer),
        };
        let rescale = |panel| Rescale::of_channels(self.layer, self.first + panel * LANES);
        let rescales = [rescale(0), rescale(1), rescale(2), rescale(3)];
        let products = Products { groups, start, rescales };
        // Two loops, since a choice within one takes the accumulators out of their registers.
        if products.rescales.iter().any(Rescale::carries) {
            self.tiles::<S, P, true>(&products, tile, out, store);
        } else {
            self.tiles::<S, P, false>(&products, tile, out, store);
        }
    }

    /// Four rows at a time; `CARRY` where a channel [`carries`](Rescale::carries).
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn tiles<S: Store, const P: usize, const CARRY: bool>(
        &self,
        products: &Products<'_, P>,
        tile: &mut Tile,
        out: &mut [S::Out],
        store: &S,
    ) {
        let n = self.layer.outputs().max(1);
        let mut ahead = self.ahead::<P>(out.len() / (ROWS * n).max(1));
        for (index, out) in out.chunks_mut((ROWS * n).max(1)).enumerate() {
            ahead.step();
            let x = self.inputs.tile(index * ROWS, tile);
            let acc = tile_product(x, products.groups, products.start);
            let acc = rescaled::<P, CARRY>(acc, &products.rescales);
            let len = (P * LANES).min(n - self.first);
            for (acc, out) in acc.into_iter().zip(rows_mut(out, n)) {
                // SAFETY: this function's own features include those of `store`.
                unsafe { store.store(acc, part_mut(out, self.first, len)) };
            }
        }
    }

    /// The weights that are packed next, to be fetched in `steps` steps. What follows a layer's
    /// weights in a blob is the layer that runs next.
    fn ahead<const P: usize>(&self, steps: usize) -> Ahead {
        let packed = self.layer.packed();
        let (channel, from) = if packed.is_empty() {
            (self.k, self.layer.weights().as_ptr())
        } else {
            (BYTES * panel_groups(self.k) / LANES, packed.as_ptr().cast())
        };
        let lines = (P * LANES * channel / BYTES).checked_div(steps).unwrap_or(0) + 1;
        Ahead { at: from.wrapping_add((self.first + P * LANES) * channel), lines }
    }

    /// Weights of `P` panels as `[group of four inputs][panel][channel][input]`, and `bias − 128 · Σw`
    /// of each channel.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn pack<'b, const P: usize>(
        layer: &Linear<'_>,
        first: usize,
        buffer: &'b mut [MaybeUninit<Group>],
    ) -> Panels<'b, P> {
        let k = layer.inputs();
        let (groups, _) = buffer.as_chunks_mut::<P>();
        let groups = part_mut(groups, 0, k.div_ceil(4));
        let mut start = [_mm512_setzero_si512(); P];
        for (panel, start) in start.iter_mut().enumerate() {
            let channel = first + panel * LANES;
            let weights = layer.weights().get(channel * k..).unwrap_or(&[]);
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
            let sum = _mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d));
            let bias = Rescale::bias(layer, channel);
            *start = _mm512_sub_epi32(bias, _mm512_slli_epi32::<7>(sum));
        }
        let len = groups.len();
        // SAFETY: every panel of every group in this slice was written above.
        (unsafe { core::slice::from_raw_parts(groups.as_ptr().cast(), len) }, start)
    }
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

/// Cache lines to fetch before they are read.
struct Ahead {
    at: *const i8,
    lines: usize,
}

impl Ahead {
    #[inline]
    #[target_feature(enable = "sse")]
    fn step(&mut self) {
        for _ in 0..self.lines {
            _mm_prefetch::<_MM_HINT_T0>(self.at);
            self.at = self.at.wrapping_add(BYTES);
        }
    }
}

/// `start + Σ (x + 128) · w` of `P` panels with each row, modulo `2^32`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn tile_product<const P: usize>(
    [a, b, c, d]: Fours<'_>,
    groups: &[[Group; P]],
    start: [__m512i; P],
) -> [[__m512i; ROWS]; P] {
    let mut acc = [[_mm512_setzero_si512(); ROWS]; P];
    for (acc, start) in acc.iter_mut().zip(start) {
        *acc = [start; ROWS];
    }
    for ((((weights, a), b), c), d) in groups.iter().zip(a).zip(b).zip(c).zip(d) {
        let x = [four(a), four(b), four(c), four(d)];
        for (acc, weights) in acc.iter_mut().zip(weights) {
            let weights = weights.load();
            for (acc, x) in acc.iter_mut().zip(x) {
                *acc = _mm512_dpbusd_epi32(*acc, x, weights);
            }
        }
    }
    acc
}

/// Four inputs of one row, for every channel.
#[inline]
#[target_feature(enable = "avx512f")]
fn four(x: &[u8; 4]) -> __m512i {
    _mm512_set1_epi32(i32::from_le_bytes(*x))
}

/// The rescaled panels of each row, zeros for those that there are not.
#[inline]
#[target_feature(enable = "avx512f")]
fn rescaled<const P: usize, const CARRY: bool>(
    acc: [[__m512i; ROWS]; P],
    rescales: &[Rescale; PANELS],
) -> [[__m512i; PANELS]; ROWS] {
    // Panel by panel and not in a loop, so that nothing leaves the registers.
    let zero = [_mm512_setzero_si512(); ROWS];
    let mut panels = acc.into_iter();
    let mut next = || panels.next().unwrap_or(zero);
    let (a, b, c, d) = (next(), next(), next(), next());
    let [ra, rb, rc, rd] = rescales;
    let [a0, a1, a2, a3] = apply::<CARRY>(ra, a);
    let [b0, b1, b2, b3] = if P > 1 { apply::<CARRY>(rb, b) } else { b };
    let [c0, c1, c2, c3] = if P > 2 { apply::<CARRY>(rc, c) } else { c };
    let [d0, d1, d2, d3] = if P > 3 { apply::<CARRY>(rd, d) } else { d };
    [[a0, b0, c0, d0], [a1, b1, c1, d1], [a2, b2, c2, d2], [a3, b3, c3, d3]]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn apply<const CARRY: bool>(rescale: &Rescale, [a, b, c, d]: [__m512i; ROWS]) -> [__m512i; ROWS] {
    let apply = |acc| if CARRY { rescale.apply(acc) } else { rescale.apply_without_carry(acc) };
    [apply(a), apply(b), apply(c), apply(d)]
}

/// As [`strided`], for the last rows and inputs of a layer: zeros beyond both.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn edge(weights: &[i8], at: usize, k: usize) -> [__m512i; 4] {
    fours(|row| load_sixteen(part(weights, row * k + at, LANES.min(k - at))))
}
