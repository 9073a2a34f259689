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
/// use runtime::camera::{FrameRows, PixelFormat, Size};
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
///     let (mut memory, mut bytes) = ([0; FrameRows::memory_len(IMAGE.width)], [0; 640]);
///     let format = PixelFormat::Rgb565BigEndian;
///     let mut rows = FrameRows::new(FRAME, format, FRAME.centre_square(), IMAGE, &mut memory)?;
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
    /// For each pixel of a row of the image, the weighted sums of the last row of the frame.
    sums: &'a mut [[u32; 3]],
    /// Those of the rows before: where the frame shrinks, the weighted sums of all rows of the next output so
    /// far; otherwise the sums of the row before the last.
    kept: &'a mut [[u32; 3]],
    image_row: &'a mut [u8],
    /// Rows of the frame that came.
    taken: usize,
    /// Rows of the image that are done.
    done: usize,
}

impl<'a> FrameRows<'a> {
    /// Words of memory for an image of `width` columns.
    #[must_use]
    pub const fn memory_len(width: usize) -> usize {
        6 * width + (3 * width).div_ceil(4)
    }

    /// Before the first row: `part` of a frame of size `frame` becomes an image of size `image`.
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
        let (found, min) = (memory.len(), Self::memory_len(image.width));
        let too_short = FrameError::Memory { found, min };
        let (sums, rest) = memory.split_at_mut_checked(3 * image.width).ok_or(too_short)?;
        let (kept, rest) = rest.split_at_mut_checked(3 * image.width).ok_or(too_short)?;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(rest);
        let image_row = bytes.get_mut(..3 * image.width).ok_or(too_short)?;
        kept.fill(0);
        Ok(Self {
            frame,
            format,
            part,
            columns: Axis { from: part.width, to: image.width },
            rows: Axis { from: part.height, to: image.height },
            sums: sums.as_chunks_mut().0,
            kept: kept.as_chunks_mut().0,
            image_row,
            taken: 0,
            done: 0,
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
        if self.last().is_some() {
            self.keep();
        }
        self.taken += 1;
        if self.last().is_some() {
            for (column, sums) in self.sums.iter_mut().enumerate() {
                let pixel = |x| self.format.pixel(bytes, || &[], self.part.x + x);
                *sums = self.columns.taps(column).sums(pixel);
            }
        }
        Ok(())
    }

    /// The next row of the image, `[width, 3]` in the order red, green, blue, if the rows so far have all of
    /// its pixels.
    pub fn image_row(&mut self) -> Option<&[u8]> {
        let last = self.last().filter(|_| self.done < self.rows.to)?;
        let taps = self.rows.taps(self.done);
        if taps.covered.end > last + 1 {
            return None;
        }
        let total = taps.total * self.columns.taps(0).total;
        let weight = taps.weight(last);
        let weight_before = match last.checked_sub(1) {
            _ if self.rows.shrinks() => 1,
            Some(before) => taps.weight(before),
            None => 0,
        };
        let pixels = self.image_row.as_chunks_mut().0;
        for (pixel, (sums, kept)) in pixels.iter_mut().zip(self.sums.iter().zip(&mut *self.kept)) {
            let mut values = *sums;
            for (value, kept) in values.iter_mut().zip(kept) {
                *value = *value * weight + *kept * weight_before;
                if self.rows.shrinks() {
                    *kept = 0;
                }
            }
            *pixel = mean(values, total);
        }
        self.done += 1;
        Some(self.image_row)
    }

    /// The number of the last row of the part; `None` above and below it.
    fn last(&self) -> Option<usize> {
        self.taken.checked_sub(self.part.y + 1).filter(|&last| last < self.part.height)
    }

    /// Keeps what the next row of the image needs of the last row.
    fn keep(&mut self) {
        if !self.rows.shrinks() {
            mem::swap(&mut self.sums, &mut self.kept);
            return;
        }
        let Some(last) = self.last().filter(|_| self.done < self.rows.to) else { return };
        let weight = self.rows.taps(self.done).weight(last);
        for (kept, sums) in self.kept.as_flattened_mut().iter_mut().zip(self.sums.as_flattened()) {
            *kept += weight * sums;
        }
    }
}
