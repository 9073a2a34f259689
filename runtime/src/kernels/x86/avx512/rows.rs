//! Rows of inputs as products on AVX-512 read them: `x + 128`, the unsigned operand of `vpdpbusd`.

use super::packing::MAX_K;
use super::product::Source;
use super::tile::{Panels, ROWS, accumulate};
use super::vector::{BYTES, Group, load_bytes};
use crate::kernels::tile_rows::TileRows;
use crate::rows::{rows, tail};
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

/// Number of groups of 64 inputs that are converted once for all channels. More inputs are converted
/// a few rows at a time, again for each panel of channels.
const GROUPS: usize = 512;

const _: () = assert!(ROWS * MAX_K <= GROUPS * BYTES, "a few rows of any layer fit");

/// Memory for converted rows.
pub(super) type Room = [MaybeUninit<Group>; GROUPS];

/// All rows of `k` inputs, at most [`MAX_K`], as one line.
pub(super) struct Rows<'a> {
    x: &'a [i8],
    k: usize,
    room: &'a mut Room,
    /// Number of bytes of `room` that hold all inputs; 0 if rows are converted when they are needed.
    converted: usize,
}

impl<'a> Rows<'a> {
    /// Memory for [`Self::new`], not initialised.
    pub(super) const ROOM: Room = [const { MaybeUninit::uninit() }; GROUPS];

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(x: &'a [i8], k: usize, room: &'a mut Room) -> Self {
        let once = k.is_multiple_of(4) && x.len() <= GROUPS * BYTES;
        let converted = if once { convert(x, room) } else { 0 };
        Self { x, k, room, converted }
    }

    /// Converts up to `count` rows from `first` on and returns their number. Each row is filled up to
    /// whole groups; the values beyond its inputs are multiplied by weights of zero.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn convert_rows(&mut self, first: usize, count: usize) -> usize {
        let rest = tail(self.x, first * self.k);
        let places = self.room.chunks_mut(self.k.div_ceil(BYTES).max(1));
        let mut converted = 0;
        for (row, groups) in rows(rest, self.k).zip(places).take(count) {
            convert(row, groups);
            converted += 1;
        }
        converted
    }

    /// The bytes of `room` from `start` to `end`, which must have been written.
    #[inline]
    fn written(&self, start: usize, end: usize) -> &[u8] {
        let first = self.room.as_ptr().cast::<u8>().wrapping_add(start);
        // SAFETY: `convert` wrote the first `end` bytes of the room, and `start` is not beyond them.
        unsafe { core::slice::from_raw_parts(first, end - start) }
    }
}

impl Source for Rows<'_> {
    fn width(&self) -> usize {
        self.x.len() / self.k.max(1)
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
        let x = if self.converted > 0 {
            let start = (first * self.k).min(self.converted);
            let rest = self.written(start, self.converted);
            TileRows::new(rest, (self.k, self.k), self.width().saturating_sub(first))
        } else {
            let count = self.convert_rows(first, R);
            let len = self.k.next_multiple_of(BYTES);
            TileRows::new(self.written(0, count * len), (len, len), count)
        };
        accumulate([panels.start; R], x, panels.groups)
    }
}

/// Writes `x + 128` of every input, the last group whole, and returns the number of inputs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn convert(x: &[i8], groups: &mut [MaybeUninit<Group>]) -> usize {
    let flip = _mm512_set1_epi8(i8::MIN);
    let mut len = 0;
    for (place, x) in groups.iter_mut().zip(x.chunks(BYTES)) {
        let values = _mm512_xor_si512(load_bytes(x), flip);
        // SAFETY: a group has 64 bytes.
        unsafe { _mm512_storeu_epi8(place.as_mut_ptr().cast(), values) };
        len += x.len();
    }
    len
}
