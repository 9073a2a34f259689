//! The caller's scratch memory, cut into the buffers of one stage after another.
//!
//! [`VitConfig::arena_len`](crate::config::VitConfig::arena_len) lists the buffers of each stage.

use crate::config::UNIT;
use core::mem;

/// The part of an arena that starts at a multiple of four bytes and has a multiple of [`UNIT`].
pub(crate) fn align(arena: &mut [u8]) -> &mut [u8] {
    let (_, words, _) = bytemuck::pod_align_to_mut::<u8, i32>(arena);
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(words);
    let len = bytes.len() / UNIT * UNIT;
    bytes.split_at_mut_checked(len).map_or(&mut [], |(used, _)| used)
}

/// Cuts buffers off the front of an aligned arena.
pub(super) struct Carver<'a> {
    rest: &'a mut [u8],
    /// Bytes cut off the front so far.
    used: usize,
}

impl<'a> Carver<'a> {
    pub(super) const fn new(arena: &'a mut [u8]) -> Self {
        Self { rest: arena, used: 0 }
    }

    /// The next `len` values at the front, aligned for them; `None` if too little is left.
    pub(super) fn front<T: bytemuck::Pod>(&mut self, len: usize) -> Option<&'a mut [T]> {
        let padding = self.used.next_multiple_of(mem::align_of::<T>()) - self.used;
        let bytes = len.checked_mul(mem::size_of::<T>())?;
        let rest = mem::take(&mut self.rest);
        let (_, rest) = rest.split_at_mut_checked(padding)?;
        let (cut, rest) = rest.split_at_mut_checked(bytes)?;
        self.rest = rest;
        self.used += padding + bytes;
        bytemuck::try_cast_slice_mut(cut).ok()
    }

    /// All that is left.
    pub(super) fn rest<T: bytemuck::Pod>(self) -> Option<&'a mut [T]> {
        let padding = self.used.next_multiple_of(mem::align_of::<T>()) - self.used;
        let bytes = self.rest.get_mut(padding..)?;
        let len = bytes.len() / mem::size_of::<T>() * mem::size_of::<T>();
        bytemuck::try_cast_slice_mut(bytes.get_mut(..len)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_disjoint() {
        let mut storage = [0u8; 64];
        for offset in 0..4 {
            let mut carver = Carver::new(align(&mut storage[offset..]));
            let bytes = carver.front::<u8>(3).unwrap();
            bytes.fill(1);
            let words = carver.front::<i32>(2).unwrap();
            words.fill(-1);
            assert_eq!((bytes, words), (&mut [1; 3][..], &mut [-1; 2][..]), "offset {offset}");
            let rest = carver.rest::<i32>().unwrap();
            assert!((10..=13).contains(&rest.len()), "{} words are left", rest.len());
        }
        assert!(Carver::new(&mut storage).front::<i32>(100).is_none(), "more than there is");
    }

    #[test]
    fn the_same_length_is_used_wherever_an_arena_begins() {
        let mut storage = [0u8; 96];
        for offset in 0..8 {
            let used = align(&mut storage[offset..offset + 64 + 6]);
            assert_eq!(used.len(), 64, "offset {offset}");
        }
    }
}
