//! A frame whose rows come one after another, as the rows of an image.

use super::axis::{Axis, mean};
use super::error::FrameError;
use super::format::PixelFormat;
use super::frame::MAX_FRAME_SIDE;
use super::size::{Rectangle, Size};
use core::mem;

/// A frame that comes row by row and is resized as it comes. Neither the frame nor the image is in memory as a
/// whole.
///
/// # Example
/// ```
/// use runtime::Model;
/// use runtime::camera::{FrameRows, PixelFormat, Rectangle, Size};
///
/// const FRAME: Size = Size { width: 320, height: 240 };
/// const IMAGE: Size = Size { width: 32, height: 32 };
///
/// /// Classifies the centre of a QVGA frame. `camera` writes the next row of it.
/// fn classify(
///     model: &Model<'_>,
///     arena: &mut [u8],
///     mut camera: impl FnMut(&mut [u8; 640]),
/// ) -> Result<usize, Box<dyn core::error::Error>> {
///     const PART: Rectangle = FRAME.centre_square();
///     let (mut memory, mut bytes) = ([0; FrameRows::memory_len(PART, IMAGE)], [0; 640]);
///     let format = PixelFormat::Rgb565BigEndian;
///     let mut rows = FrameRows::new(FRAME, format, PART, IMAGE, &mut memory)?;
///     let mut stream = model.stream(arena)?;
///     for _ in 0..FRAME.height {
///         camera(&mut bytes);
///         rows.row(&bytes)?;
///         while let Some(row) = rows.image_row() {
///             stream.row(row)?;
///         }
///     }
///     Ok(stream.finish()?.class())
/// }
/// ```
#[derive(Debug)]
pub struct FrameRows<'a> {
    frame: Size,
    format: PixelFormat,
    part: Rectangle,
    columns: Axis,
    rows: Axis,
    /// The weighted sums of red, green and blue for each pixel of a row of the image. If the height shrinks,
    /// they are the sums over those rows of the frame that came so far for the next row of the image. Otherwise
    /// they are the sums of the frame's row before the last.
    kept: &'a mut [[u32; 3]],
    /// The same sums of the frame's last row, if the height grows.
    sums: &'a mut [[u32; 3]],
    image_row: &'a mut [[u8; 3]],
    /// Rows of the frame that came.
    taken: usize,
    /// Rows of the image that are done.
    done: usize,
    /// Whether `image_row` is the next row, if the height shrinks.
    ready: bool,
}

impl<'a> FrameRows<'a> {
    /// Words of memory that are needed to make an image of a part of a frame.
    ///
    /// If the height shrinks, these are three words and three bytes for each column of the image. Otherwise
    /// they are six words and three bytes.
    #[must_use]
    pub const fn memory_len(part: Rectangle, image: Size) -> usize {
        let rows = Axis { from: part.height, to: image.height };
        let sums = if rows.shrinks() { 3 } else { 6 };
        sums * image.width + (3 * image.width).div_ceil(4)
    }

    /// Begins a frame of size `frame`, whose `part` becomes an image of size `image`.
    ///
    /// `memory` has at least [`Self::memory_len`] words; its contents do not matter.
    ///
    /// # Errors
    /// [`FrameError::Side`] for a side of the frame above [`MAX_FRAME_SIDE`] or one of the image above half of
    /// it, [`FrameError::Format`] for [`PixelFormat::Nv12`], [`FrameError::Rectangle`], [`FrameError::Memory`].
    pub fn new(
        frame: Size,
        format: PixelFormat,
        part: Rectangle,
        image: Size,
        memory: &'a mut [u32],
    ) -> Result<Self, FrameError> {
        frame.check(MAX_FRAME_SIDE)?;
        image.check(MAX_FRAME_SIDE / 2)?;
        if format == PixelFormat::Nv12 {
            return Err(FrameError::Format(format));
        }
        frame.check_part(part)?;
        let (found, min) = (memory.len(), Self::memory_len(part, image));
        let rows = Axis { from: part.height, to: image.height };
        let len = 3 * image.width;
        let too_short = FrameError::Memory { found, min };
        let (kept, rest) = memory.split_at_mut_checked(len).ok_or(too_short)?;
        let sums = if rows.shrinks() { 0 } else { len };
        let (sums, rest) = rest.split_at_mut_checked(sums).ok_or(too_short)?;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(rest);
        let image_row = bytes.get_mut(..len).ok_or(too_short)?;
        kept.fill(0);
        Ok(Self {
            frame,
            format,
            part,
            columns: Axis { from: part.width, to: image.width },
            rows,
            kept: kept.as_chunks_mut().0,
            sums: sums.as_chunks_mut().0,
            image_row: image_row.as_chunks_mut().0,
            taken: 0,
            done: 0,
            ready: false,
        })
    }

    /// Takes the next row of the frame, from top to bottom. The bytes after its last pixel do not matter.
    ///
    /// Rows of the image that are ready and were not taken are lost.
    ///
    /// # Errors
    /// [`FrameError::Row`] if the row is too short, [`FrameError::Rows`] if the frame is complete. The frame
    /// goes on as if the row had not come.
    pub fn row(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        let (found, min) = (bytes.len(), self.format.row_len(self.frame.width));
        if found < min {
            return Err(FrameError::Row { found, min });
        }
        if self.taken == self.frame.height {
            return Err(FrameError::Rows { max: self.frame.height });
        }
        while self.image_row().is_some() {}
        self.taken += 1;
        let Some(last) = self.last() else { return Ok(()) };
        let (columns, format, x) = (self.columns, self.format, self.part.x);
        let sums = |column| columns.taps(column).sums(|at| format.pixel(bytes, || &[], x + at));
        if !self.rows.shrinks() {
            mem::swap(&mut self.sums, &mut self.kept);
            self.sums.iter_mut().enumerate().for_each(|(column, place)| *place = sums(column));
            return Ok(());
        }
        // A row of the frame can be a part of two rows of the image.
        let taps = self.rows.taps(self.done);
        let (weight, next) = (taps.weight(last), self.rows.taps(self.done + 1).weight(last));
        self.ready = taps.covered.end == last + 1;
        let total = taps.total * columns.taps(0).total;
        let pixels = self.image_row.iter_mut().zip(&mut *self.kept);
        for (column, (pixel, kept)) in pixels.enumerate() {
            let sums = sums(column);
            add(kept, sums, weight);
            if self.ready {
                *pixel = mean(*kept, total);
                *kept = [0; 3];
                add(kept, sums, next);
            }
        }
        Ok(())
    }

    /// The next row of the image, `[width, 3]` in the order red, green, blue, if the rows so far have all of
    /// its pixels.
    pub fn image_row(&mut self) -> Option<&[u8]> {
        if !mem::take(&mut self.ready) {
            self.between()?;
        }
        self.done += 1;
        Some(self.image_row.as_flattened())
    }

    /// If the height grows, computes the next row of the image between the last two rows.
    fn between(&mut self) -> Option<()> {
        let last = self.last().filter(|_| !self.rows.shrinks() && self.done < self.rows.to)?;
        let taps = self.rows.taps(self.done);
        if taps.covered.end > last + 1 {
            return None;
        }
        let (weight, total) = (taps.weight(last), taps.total * self.columns.taps(0).total);
        let weight_before = last.checked_sub(1).map_or(0, |before| taps.weight(before));
        let sums = self.sums.iter().zip(&*self.kept);
        for (pixel, (&sums, &before)) in self.image_row.iter_mut().zip(sums) {
            let mut values = [0; 3];
            add(&mut values, sums, weight);
            add(&mut values, before, weight_before);
            *pixel = mean(values, total);
        }
        Some(())
    }

    /// The number of the last row of the part; `None` above and below it.
    fn last(&self) -> Option<usize> {
        self.taken.checked_sub(self.part.y + 1).filter(|&last| last < self.part.height)
    }
}

fn add(to: &mut [u32; 3], sums: [u32; 3], weight: u32) {
    for (to, sum) in to.iter_mut().zip(sums) {
        *to += weight * sum;
    }
}
