//! Rows of inputs that a tile reads a few bytes at a time.

use core::marker::PhantomData;

/// `R` rows of converted inputs, `BYTES` bytes at a time; all have the same length.
#[derive(Clone, Copy)]
pub(super) struct TileRows<'a, const BYTES: usize, const R: usize> {
    /// The rows; each has `len` parts within the bytes that [`new`](Self::new) borrowed.
    pub(super) rows: [*const [u8; BYTES]; R],
    /// Number of parts in a row.
    pub(super) len: usize,
    lifetime: PhantomData<&'a [u8]>,
}

impl<'a, const BYTES: usize, const R: usize> TileRows<'a, BYTES, R> {
    /// Rows of `len` bytes, a multiple of `BYTES`. Each begins `stride` bytes after the one before. The first
    /// `count` rows lie within `all`. The last of these rows takes the place of the missing rows.
    #[inline]
    pub(super) fn new(all: &'a [u8], (len, stride): (usize, usize), count: usize) -> Self {
        let last = count.saturating_sub(1).min(R - 1);
        let inside = count > 0 && last * stride + len <= all.len();
        let first = all.as_ptr();
        let row = |row: usize| first.wrapping_add(row.min(last) * stride).cast();
        Self {
            rows: core::array::from_fn(row),
            len: if inside { len / BYTES } else { 0 },
            lifetime: PhantomData,
        }
    }
}
