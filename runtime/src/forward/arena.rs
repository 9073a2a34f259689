//! The caller's scratch memory, cut into the buffers of one stage after another.
//!
//! [`VitConfig::arena_len`](crate::config::VitConfig::arena_len) lists the buffers of each stage.

use core::mem;

/// The part of an arena that starts and ends at a multiple of four bytes.
pub(crate) fn align(arena: &mut [u8]) -> &mut [u8] {
    let (_, words, _) = bytemuck::pod_align_to_mut::<u8, i32>(arena);
    bytemuck::cast_slice_mut(words)
}

/// Cuts buffers off both ends of an aligned arena.
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

    /// As many rows of `len` values as there is room for at the front, but at most `max`; `None`
    /// if not even one fits.
    pub(super) fn rows<T: bytemuck::Pod>(&mut self, len: usize, max: usize) -> Option<&'a mut [T]> {
        let padding = self.used.next_multiple_of(mem::align_of::<T>()) - self.used;
        let room = self.rest.len().saturating_sub(padding);
        let count = room.checked_div(len.checked_mul(mem::size_of::<T>())?)?;
        self.front(len.checked_mul(count.clamp(1, max.max(1)))?)
    }

    /// The last `len` values, which end at the arena's end; `None` if too little is left, or if
    /// something that is no multiple of their alignment was cut off the back before.
    pub(super) fn back<T: bytemuck::Pod>(&mut self, len: usize) -> Option<&'a mut [T]> {
        let bytes = len.checked_mul(mem::size_of::<T>())?;
        let rest = mem::take(&mut self.rest);
        let (rest, cut) = rest.split_at_mut_checked(rest.len().checked_sub(bytes)?)?;
        self.rest = rest;
        bytemuck::try_cast_slice_mut(cut).ok()
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
            let tail = carver.back::<u8>(5).unwrap();
            tail.fill(2);
            assert_eq!((bytes, tail), (&mut [1; 3][..], &mut [2; 5][..]), "offset {offset}");
            assert!(carver.front::<i32>(100).is_none(), "more than is left");
        }
    }
}
