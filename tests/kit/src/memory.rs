//! Memory for operands: blocks of the heap, or parts of a board's static memory.

use bytemuck::Pod;
use core::mem::{size_of, take};
use core::ops::DerefMut;

/// Hands out memory.
pub trait Memory {
    /// Values that were handed out.
    type Slice<T: Pod>: DerefMut<Target = [T]>;

    /// Memory for `len` values with any contents; `None` if there is too little left.
    fn take<T: Pod>(&mut self, len: usize) -> Option<Self::Slice<T>>;
}

/// A block of the heap for each operand: a sanitizer notices every byte that is read beyond it.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug)]
pub struct Heap;

#[cfg(feature = "std")]
impl Memory for Heap {
    type Slice<T: Pod> = Box<[T]>;

    fn take<T: Pod>(&mut self, len: usize) -> Option<Self::Slice<T>> {
        Some(vec![T::zeroed(); len].into())
    }
}

/// What is left of a piece of memory.
#[derive(Debug)]
pub struct Fixed<'a>(pub &'a mut [u8]);

impl<'a> Memory for Fixed<'a> {
    type Slice<T: Pod> = &'a mut [T];

    fn take<T: Pod>(&mut self, len: usize) -> Option<&'a mut [T]> {
        let bytes = take(&mut self.0);
        let skipped = bytes.as_ptr().align_offset(align_of::<T>());
        let (_, bytes) = bytes.split_at_mut_checked(skipped)?;
        let (mine, rest) = bytes.split_at_mut_checked(len.checked_mul(size_of::<T>())?)?;
        self.0 = rest;
        bytemuck::try_cast_slice_mut(mine).ok()
    }
}

/// Values that start up to three places after an aligned address, as the tensors of a blob can.
#[derive(Debug)]
pub struct Misaligned<S> {
    storage: S,
    offset: usize,
}

impl<S: DerefMut<Target = [T]>, T: Pod> Misaligned<S> {
    /// Memory for `len` values that start `offset` places after an aligned address.
    pub fn take<M: Memory<Slice<T> = S>>(
        memory: &mut M,
        len: usize,
        offset: usize,
    ) -> Option<Self> {
        Some(Self { storage: memory.take::<T>(len + offset)?, offset })
    }

    /// The values.
    pub fn get(&self) -> &[T] {
        &self.storage[self.offset..]
    }

    /// The values.
    pub fn get_mut(&mut self) -> &mut [T] {
        &mut self.storage[self.offset..]
    }
}
