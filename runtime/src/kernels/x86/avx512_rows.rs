//! Rows of inputs as products on AVX-512 read them: `x + 128`, the unsigned side of `vpdpbusd`.

use super::avx512_product::{MAX_K, ROWS};
use super::avx512_vector::{BYTES, Group, load_bytes};
use crate::rows::{part, rows};
use core::arch::x86_64::*;
use core::mem::MaybeUninit;

/// Groups of 64 inputs that are converted once, for all channels; longer inputs are converted four
/// rows at a time, for each panel of channels again.
const GROUPS: usize = 256;

/// Memory for [`Inputs::new`].
pub(super) struct Memory([MaybeUninit<Group>; GROUPS]);

impl Memory {
    pub(super) const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; GROUPS])
    }
}

/// Up to four rows of inputs. What lies beyond the inputs meets weights of zero.
#[repr(C, align(64))]
pub(super) struct Tile([[u8; MAX_K]; ROWS]);

impl Tile {
    pub(super) const fn new() -> Self {
        Self([[0; MAX_K]; ROWS])
    }
}

/// Four rows, four inputs at a time.
pub(super) type Fours<'a> = [&'a [[u8; 4]]; ROWS];

/// All rows of `k` inputs.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    x: &'a [i8],
    k: usize,
    converted: Option<&'a [u8]>,
}

impl<'a> Inputs<'a> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(x: &'a [i8], k: usize, memory: &'a mut Memory) -> Self {
        let converted = k.is_multiple_of(4) && x.len() <= GROUPS * BYTES;
        Self { x, k, converted: converted.then(|| convert(x, memory)) }
    }

    /// Rows `first …`; where there are none, what is there does not matter.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn tile<'t>(&self, first: usize, tile: &'t mut Tile) -> Fours<'t>
    where
        'a: 't,
    {
        if let Some(all) = self.converted {
            let row = |row: usize| part(all, (first + row) * self.k, self.k).as_chunks::<4>().0;
            let or_first = |other: &'a [[u8; 4]]| if other.is_empty() { row(0) } else { other };
            return [row(0), or_first(row(1)), or_first(row(2)), or_first(row(3))];
        }
        let flip = _mm512_set1_epi8(i8::MIN);
        let rest = self.x.get(first * self.k..).unwrap_or(&[]);
        for (row, x) in tile.0.iter_mut().zip(rows(rest, self.k)) {
            let (places, _) = row.as_chunks_mut::<BYTES>();
            for (place, x) in places.iter_mut().zip(x.chunks(BYTES)) {
                let values = _mm512_xor_si512(load_bytes(x), flip);
                // SAFETY: a place has 64 bytes.
                unsafe { _mm512_storeu_epi8(place.as_mut_ptr().cast(), values) };
            }
        }
        let [a, b, c, d] = &tile.0;
        [a.as_chunks().0, b.as_chunks().0, c.as_chunks().0, d.as_chunks().0]
    }
}

/// `x + 128` of every input; the last group is whole.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn convert<'m>(x: &[i8], memory: &'m mut Memory) -> &'m [u8] {
    let flip = _mm512_set1_epi8(i8::MIN);
    let mut len = 0;
    for (place, x) in memory.0.iter_mut().zip(x.chunks(BYTES)) {
        let values = _mm512_xor_si512(load_bytes(x), flip);
        // SAFETY: a group has 64 bytes.
        unsafe { _mm512_storeu_epi8(place.as_mut_ptr().cast(), values) };
        len += x.len();
    }
    // SAFETY: the loop wrote the groups of the first `len` bytes.
    unsafe { core::slice::from_raw_parts(memory.0.as_ptr().cast(), len) }
}
