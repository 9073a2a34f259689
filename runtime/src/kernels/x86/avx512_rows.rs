//! Rows of inputs as products on AVX-512 read them: `x + 128`, the unsigned side of `vpdpbusd`.

use super::avx512_packing::MAX_K;
use super::avx512_tile::{Fours, ROWS};
use super::avx512_vector::{BYTES, Group, load_bytes};
use crate::rows::{part, rows};
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

/// Groups of 64 inputs that are converted once, for all channels; longer inputs are converted a few rows
/// at a time, for each panel of channels again.
const GROUPS: usize = 256;

const _: () = assert!(ROWS * MAX_K <= GROUPS * BYTES, "a few rows of any layer fit");

/// Room for converted rows.
pub(super) type Room = [MaybeUninit<Group>; GROUPS];

/// All rows of `k` inputs, at most [`MAX_K`].
pub(super) struct Rows<'a> {
    x: &'a [i8],
    k: usize,
    room: &'a mut Room,
    /// Bytes at the start of `room` that were written for good.
    converted: usize,
}

impl<'a> Rows<'a> {
    /// What [`Self::new`] asks for.
    pub(super) const ROOM: Room = [const { MaybeUninit::uninit() }; GROUPS];

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(x: &'a [i8], k: usize, room: &'a mut Room) -> Self {
        let once = k.is_multiple_of(4) && x.len() <= GROUPS * BYTES;
        let converted = if once { convert(x, room) } else { 0 };
        Self { x, k, room, converted }
    }

    /// `R` rows from `first` on; where there are none, what is there does not matter.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn tile<const R: usize>(&mut self, first: usize) -> Fours<'_, R> {
        if self.converted > 0 {
            let (start, stride, len) = (first * self.k, self.k, self.k);
            return fours(self.written(self.converted), start, stride, len);
        }
        // Each row is filled up to whole groups; what lies beyond the inputs meets weights of zero.
        let stride = self.k.next_multiple_of(BYTES);
        let rest = self.x.get(first * self.k..).unwrap_or(&[]);
        let mut written = 0;
        for (row, groups) in rows(rest, self.k).zip(self.room.chunks_mut((stride / BYTES).max(1))).take(R) {
            convert(row, groups);
            written += stride;
        }
        fours(self.written(written), 0, stride, stride)
    }

    /// The first `len` bytes of the room, which must have been written.
    #[inline]
    fn written(&self, len: usize) -> &[u8] {
        // SAFETY: `convert` wrote so many bytes, and fewer than the room has.
        unsafe { core::slice::from_raw_parts(self.room.as_ptr().cast(), len) }
    }
}

/// `R` rows of `len` bytes, `stride` apart; the first one where there are no more.
#[inline]
fn fours<const R: usize>(all: &[u8], start: usize, stride: usize, len: usize) -> Fours<'_, R> {
    let row = |row: usize| part(all, start + row * stride, len).as_chunks::<4>().0;
    let first = row(0);
    core::array::from_fn(|index| {
        let row = row(index);
        if row.is_empty() { first } else { row }
    })
}

/// Writes `x + 128` of every input, the last group whole, and returns how many there are.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn convert(x: &[i8], groups: &mut [MaybeUninit<Group>]) -> usize {
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
