//! Memory of the caller as slices, after every check that is possible.

use crate::status::Status;

/// Where memory of the caller lies.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// `len` values from `start` on, if such memory can exist.
    pub(crate) fn new<T>(start: *const T, len: usize) -> Result<Self, Status> {
        if start.is_null() {
            return Err(Status::Null);
        }
        if !start.is_aligned() {
            return Err(Status::Misaligned);
        }
        let bytes = len.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= isize::MAX as usize);
        let end = bytes.and_then(|bytes| start.addr().checked_add(bytes));
        Ok(Self { start: start.addr(), end: end.ok_or(Status::TooLong)? })
    }

    /// Whether this memory, which is written, has no byte in common with the others.
    pub(crate) fn apart(self, others: &[Self]) -> Result<(), Status> {
        let overlaps = |other: &Self| self.start < other.end && other.start < self.end;
        if others.iter().any(overlaps) { Err(Status::Overlap) } else { Ok(()) }
    }
}

/// `len` values from `start` on.
///
/// # Safety
/// If `start` is neither null nor misaligned, `len` initialised values begin there, and nothing changes them
/// during `'a`.
pub(crate) unsafe fn slice<'a, T>(start: *const T, len: usize) -> Result<&'a [T], Status> {
    Span::new(start, len)?;
    // SAFETY: not null, aligned, not too long; the rest is the caller's promise.
    Ok(unsafe { core::slice::from_raw_parts(start, len) })
}

/// As [`slice`], for writing. The values need not be initialised; `T` is an integer or a struct of integers.
///
/// # Safety
/// As [`slice`], and nothing else uses the memory during `'a`.
pub(crate) unsafe fn slice_mut<'a, T>(start: *mut T, len: usize) -> Result<&'a mut [T], Status> {
    Span::new(start, len)?;
    // SAFETY: not null, aligned, not too long; the rest is the caller's promise.
    Ok(unsafe { core::slice::from_raw_parts_mut(start, len) })
}

/// Writes one value.
///
/// # Safety
/// If `place` is neither null nor misaligned, there is memory for the value.
pub(crate) unsafe fn write<T>(place: *mut T, value: T) -> Result<(), Status> {
    Span::new(place, 1)?;
    // SAFETY: not null, aligned; the rest is the caller's promise.
    unsafe { place.write(value) };
    Ok(())
}
