//! Rows of inputs times packed weights on AMX. An instruction multiplies sixteen rows by sixteen channels,
//! up to 64 inputs of each. The packed weights of a panel are the tile that it reads.

use super::linear::{Multiply, Vpdpbusd};
use super::packing::Inputs;
use super::product::{Source, product};
use super::rows::{Room, Rows, convert};
use super::store::Store;
use super::tile::{PANELS, Panels};
use super::vector::{BYTES, Group, LANES};
use crate::kernels::operand::Linear;
use core::arch::asm;
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

/// Products by `tdpbusd`. Few rows, few inputs, and inputs that do not divide into tiles, are multiplied by
/// `vpdpbusd`.
pub(super) struct Tdpbusd;

/// Rows that are multiplied at once: those of a tile.
const ROWS: usize = LANES;
/// Minimum number of rows. With fewer, most of a tile would be without use.
const MIN_ROWS: usize = 8;
/// Minimum number of inputs. With fewer, the sums move through memory for too few products.
const MIN_K: usize = 2 * BYTES;

impl Multiply for Tdpbusd {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    unsafe fn product<S: Store>(x: &[i8], layer: &Linear<'_>, out: &mut [S::Out], store: &S) {
        let (k, n) = (layer.inputs(), layer.outputs().max(1));
        // As many tiles of rows as there is room for.
        let together = size_of::<Room>().checked_div(ROWS * k).unwrap_or(0) * ROWS;
        let Some((step, tiles)) = tiles(k).filter(|_| together > 0 && x.len() >= MIN_ROWS * k)
        else {
            // SAFETY: this function's own features are those of the other one.
            return unsafe { Vpdpbusd::product(x, layer, out, store) };
        };
        let mut room = Rows::ROOM;
        let mut sums = [const { MaybeUninit::uninit() }; ROWS * PANELS];
        // At least 1: `chunks` refuses 0.
        let lens = [(together * k).max(1), (together * n).max(1)];
        for (x, out) in x.chunks(lens[0]).zip(out.chunks_mut(lens[1])) {
            convert(x, &mut room);
            let rows = x.len() / k.max(1);
            let mut source = Tiles { room: &room, k, rows, step, tiles, sums: &mut sums };
            product(&mut source, (layer, Inputs::new(layer, k)), out, store);
        }
    }
}

/// Inputs of a tile, a multiple of 4 and at most 64, and the number of such tiles in `k` inputs. `None` if `k`
/// does not divide into tiles, or is small.
fn tiles(k: usize) -> Option<(usize, usize)> {
    let step = k.checked_div(k.div_ceil(BYTES))?;
    let divides = k.is_multiple_of(step) && step.is_multiple_of(4);
    let tiles = k.checked_div(step)?;
    (divides && k >= MIN_K).then_some((step, tiles))
}

/// Rows of `k` inputs as one line.
struct Tiles<'a> {
    /// Converted rows, and places up to a multiple of sixteen rows.
    room: &'a Room,
    k: usize,
    rows: usize,
    /// Inputs of a tile, and tiles of a row, by [`tiles`].
    step: usize,
    tiles: usize,
    /// Sums of sixteen rows, `[row][panel]`.
    sums: &'a mut [MaybeUninit<Group>; ROWS * PANELS],
}

impl Tiles<'_> {
    /// Fills the sums with those of sixteen rows from `first` on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn multiply<const P: usize>(&mut self, first: usize, panels: &Panels<'_, P>) {
        let Self { room, k, rows, step, tiles, .. } = *self;
        if 4 * panels.groups.len() != k || first >= rows {
            debug_assert!(false, "row {first} of {rows}, {k} inputs");
            *self.sums = [const { MaybeUninit::new(Group([0; BYTES])) }; ROWS * PANELS];
            return;
        }
        let mut start = [Group([0; BYTES]); P];
        for (place, start) in start.iter_mut().zip(panels.start) {
            place.store(start);
        }
        let config = Group(config(step));
        let x = room.as_ptr().cast::<u8>().wrapping_add(first * k);
        // A tile of sums has the start of its channels in every row, because a load without a stride repeats
        // the first row. Then one tile of inputs after another is multiplied by a tile of weights of each panel.
        macro_rules! run {
            ($($panel:literal)*) => {
                // SAFETY: the set is used only where the operating system has permitted AMX. From `x` on, the
                // room has sixteen rows of `k` bytes. The weights are `k / 4` rows of `P` groups, and the sums
                // have places for sixteen rows of `P` groups.
                unsafe {
                    asm!(
                        "ldtilecfg [{config}]",
                        $(concat!("tileloadd tmm", $panel, ", [{start} + 64 * ", $panel, "]"),)*
                        "2:",
                        "tileloadd tmm5, [{x} + {k}]",
                        $(
                            concat!("tileloadd tmm6, [{w} + {width} + 64 * ", $panel, "]"),
                            concat!("tdpbusd tmm", $panel, ", tmm5, tmm6"),
                        )*
                        "add {x}, {step}",
                        "add {w}, {weights_step}",
                        "dec {tiles}",
                        "jnz 2b",
                        $(concat!("tilestored [{sums} + {width} + 64 * ", $panel, "], tmm", $panel),)*
                        "tilerelease",
                        config = in(reg) &config,
                        start = in(reg) &start,
                        x = inout(reg) x => _,
                        w = inout(reg) panels.groups.as_ptr() => _,
                        sums = in(reg) self.sums.as_mut_ptr(),
                        tiles = inout(reg) tiles => _,
                        k = in(reg) k,
                        width = in(reg) P * BYTES,
                        step = in(reg) step,
                        weights_step = in(reg) step * P * LANES,
                        out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                        out("tmm4") _, out("tmm5") _, out("tmm6") _,
                        options(nostack),
                    );
                }
            };
        }
        match P {
            1 => run!(0),
            2 => run!(0 1),
            3 => run!(0 1 2),
            4 => run!(0 1 2 3),
            _ => run!(0 1 2 3 4),
        }
    }
}

/// The operand of `ldtilecfg`: tiles 0 to 4 for sums, tile 5 for sixteen rows of `step` inputs, tile 6 for
/// their weights.
#[expect(clippy::cast_possible_truncation, reason = "a step is at most 64")]
fn config(step: usize) -> [u8; BYTES] {
    let (mut config, step) = ([0; BYTES], step as u8);
    let tiles = [(16, 64), (16, 64), (16, 64), (16, 64), (16, 64), (16, step), (step / 4, 64)];
    let (front, rows) = config.split_at_mut(48);
    let (palette, bytes) = front.split_at_mut(16);
    if let Some(palette) = palette.first_mut() {
        *palette = 1;
    }
    // A number of bytes in a row is a u16.
    for (((tile_rows, tile_bytes), rows), bytes) in
        tiles.into_iter().zip(rows).zip(bytes.chunks_mut(2))
    {
        *rows = tile_rows;
        if let Some(bytes) = bytes.first_mut() {
            *bytes = tile_bytes;
        }
    }
    config
}

impl Source for Tiles<'_> {
    fn width(&self) -> usize {
        self.rows
    }

    #[inline]
    unsafe fn start(&mut self, _: usize) {}

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    unsafe fn products<const P: usize, const R: usize>(
        &mut self,
        first: usize,
        panels: &Panels<'_, P>,
    ) -> [[__m512i; P]; R] {
        const { assert!(P <= PANELS && ROWS.is_multiple_of(R), "whole tiles of rows") };
        if first.is_multiple_of(ROWS) {
            self.multiply(first, panels);
        }
        let sums = self.sums.as_ptr().cast::<Group>().wrapping_add(first % ROWS * P);
        let mut acc = [[_mm512_setzero_si512(); P]; R];
        for (at, acc) in acc.as_flattened_mut().iter_mut().enumerate() {
            // SAFETY: `first % ROWS + R` is at most `ROWS`, and `multiply` wrote the sums of that many rows.
            let sum = unsafe { &*sums.wrapping_add(at) };
            *acc = sum.load();
        }
        acc
    }
}
