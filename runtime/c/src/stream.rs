//! A run on an image that comes row by row.

use crate::memory::{self, Span};
use crate::model::{OcelliModel, model};
use crate::object::{self, Kind, Object, fits};
use crate::output::{self, OcelliOutput};
use crate::status::Status;
use runtime::Stream;

/// An image that comes row by row and is never in memory as a whole. It uses its model and its arena.
#[repr(C)]
pub struct OcelliRows {
    private_: [usize; 12],
}

const _: () = assert!(fits::<Stream<'static, 'static>, OcelliRows>());

impl Kind for Stream<'static, 'static> {
    const MARK: u32 = u32::from_le_bytes(*b"OcRo");
}

const fn place(rows: *mut OcelliRows) -> *mut Object<Stream<'static, 'static>> {
    rows.cast()
}

/// Begins an image whose rows come one by one. The arena is as for `ocelli_run`. Do not change it until
/// `ocelli_rows_finish` has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_rows_begin(
    model: *const OcelliModel,
    arena: *mut u8,
    arena_len: usize,
    rows: *mut OcelliRows,
) -> Status {
    let begin = || {
        // SAFETY: the rules of the header; the object fits.
        unsafe { object::clear(place(rows)) }?;
        let others = [Span::new(model, 1)?, Span::new(rows, 1)?];
        Span::new(arena, arena_len)?.apart(&others)?;
        // SAFETY: the rules of the header.
        let model = unsafe { self::model(model) }?;
        // SAFETY: the rules of the header, and nothing else that the call uses overlaps with the arena.
        let stream = model.stream(unsafe { memory::slice_mut(arena, arena_len) }?)?;
        // SAFETY: the rules of the header; the object fits.
        unsafe { object::set(place(rows), stream) }
    };
    begin().into()
}

/// Takes the next row, from top to bottom: the red, green and blue byte of each pixel. A row that leads to an
/// error is ignored, and the image continues with the next call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_rows_next(
    rows: *mut OcelliRows,
    row: *const u8,
    row_len: usize,
) -> Status {
    let next = || {
        // SAFETY: the rules of the header; the object fits.
        let stream = unsafe { object::get_mut(place(rows)) }?;
        // SAFETY: the rules of the header.
        let row = unsafe { memory::slice(row, row_len) }?;
        stream.row(row).map_err(Status::from)
    };
    next().into()
}

/// Writes the result after the last row. It is that of `ocelli_run`. After this call `*rows` has no image, even
/// if rows were missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocelli_rows_finish(
    rows: *mut OcelliRows,
    output: *mut OcelliOutput,
) -> Status {
    let finish = || {
        // SAFETY: the rules of the header.
        unsafe { output::clear(output) }?;
        // SAFETY: the rules of the header; the object fits.
        let found = unsafe { object::take(place(rows)) }?.finish()?;
        // SAFETY: the rules of the header.
        unsafe { output::set(output, found) }
    };
    finish().into()
}
