//! A slice as rows of equal length.
//!
//! Zipping two iterators of the standard `chunks_exact` divides by the length of a chunk, and a division
//! by a length that is not a constant can panic. These iterators only split.

use crate::invariant::present_or;
#[cfg(cortex_m_dsp)]
pub(crate) use crate::kernels::copy;
use core::num::NonZero;

/// Rows of `len` values; values after the last whole row are left out. A length of 0 is read as 1.
#[inline]
pub(crate) const fn rows<T>(values: &[T], len: usize) -> Rows<'_, T> {
    Rows { rest: values, len: at_least_one(len) }
}

/// As [`rows`], mutable.
#[inline]
pub(crate) const fn rows_mut<T>(values: &mut [T], len: usize) -> RowsMut<'_, T> {
    RowsMut { rest: values, len: at_least_one(len) }
}

const fn at_least_one(len: usize) -> NonZero<usize> {
    match NonZero::new(len) {
        Some(len) => len,
        None => NonZero::<usize>::MIN,
    }
}

/// The values from `start` on. The slice must have at least `start` values.
#[inline]
#[track_caller]
pub(crate) fn tail<T>(values: &[T], start: usize) -> &[T] {
    present_or(values.get(start..), &[])
}

/// `len` values from `start` on. The slice must have them.
#[inline]
#[track_caller]
pub(crate) fn part<T>(values: &[T], start: usize, len: usize) -> &[T] {
    present_or(values.get(start..).and_then(|tail| tail.get(..len)), &[])
}

/// As [`part`], mutable.
#[inline]
#[track_caller]
pub(crate) fn part_mut<T>(values: &mut [T], start: usize, len: usize) -> &mut [T] {
    present_or(values.get_mut(start..).and_then(|tail| tail.get_mut(..len)), &mut [])
}

/// Up to `len` values from `start` on: fewer, or none, if the values end before.
#[cfg(any(feature = "f16", vector_target, upper_word))]
#[inline]
pub(crate) fn up_to<T>(values: &[T], start: usize, len: usize) -> &[T] {
    let tail = values.get(start..).unwrap_or(&[]);
    tail.get(..len).unwrap_or(tail)
}

/// Copies as many values as both slices have, as a block. Value by value, a device would take nine
/// instructions for each.
#[cfg(not(cortex_m_dsp))]
#[inline]
pub(crate) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    let len = to.len().min(from.len());
    if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
        to.copy_from_slice(from);
    }
}

/// Moves the values from `by` on to the front. The values that are left at the end have no meaning.
///
/// Not inlined, for the size of the code.
#[inline(never)]
pub(crate) fn slide<T: Copy>(values: &mut [T], by: usize) {
    if by == 0 {
        return;
    }
    let mut rest = values;
    while let Some((to, from)) = rest.split_at_mut_checked(by) {
        copy(to, from);
        rest = from;
    }
}

/// See [`rows`].
pub(crate) struct Rows<'a, T> {
    rest: &'a [T],
    len: NonZero<usize>,
}

/// See [`rows_mut`].
pub(crate) struct RowsMut<'a, T> {
    rest: &'a mut [T],
    len: NonZero<usize>,
}

impl<'a, T> Iterator for Rows<'a, T> {
    type Item = &'a [T];

    #[inline]
    fn next(&mut self) -> Option<&'a [T]> {
        let (row, rest) = self.rest.split_at_checked(self.len.get())?;
        self.rest = rest;
        Some(row)
    }
}

impl<'a, T> Iterator for RowsMut<'a, T> {
    type Item = &'a mut [T];

    #[inline]
    fn next(&mut self) -> Option<&'a mut [T]> {
        let len = self.len.get();
        if self.rest.len() < len {
            return None;
        }
        let (row, rest) = core::mem::take(&mut self.rest).split_at_mut_checked(len)?;
        self.rest = rest;
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_whole_at_every_length() {
        let from: Vec<u8> = (1..60).collect();
        for len in 0..50 {
            let mut to = vec![0; len + 2];
            copy(&mut to[1..=len], &from[3..]);
            assert_eq!(to[1..=len], from[3..][..len], "{len} values");
            assert_eq!((to[0], to[len + 1]), (0, 0), "{len} values and no more");
        }
    }

    #[test]
    fn rows_are_whole_and_in_order() {
        let values = [1, 2, 3, 4, 5];
        assert_eq!(rows(&values, 2).collect::<Vec<_>>(), [[1, 2], [3, 4]], "two rows of two");
        assert_eq!(rows(&values, 6).count(), 0, "no row of six");
        assert_eq!(rows(&values, 0).count(), 5, "a length of zero is one");
        let mut values = values;
        rows_mut(&mut values, 2).for_each(|row| row.reverse());
        assert_eq!(values, [2, 1, 4, 3, 5], "each row was given once");
    }
}
