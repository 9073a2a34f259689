//! From a frame of a camera to the image that a model reads: a rectangle of the frame, in another size, as
//! red, green and blue.
//!
//! Width and height are resampled separately. Where a side shrinks, an output is the average over the area
//! that it covers; a pixel that is covered in part counts in part. Where a side grows, an output is
//! interpolated linearly between the centres of two pixels, and the edge is repeated. Sums are exact and
//! rounded once, half up.
//!
//! [`Frame`] is a frame in memory. [`FrameRows`] takes the rows of a frame as a camera sends them and gives the
//! rows of the image, so that neither is ever in memory as a whole. Both give the same bytes.
//!
//! # Example
//! ```
//! use runtime::camera::{Frame, FrameError, PixelFormat, Size};
//!
//! /// The centre of a QVGA frame of an OV2640 or the like as a 32 × 32 image.
//! fn image(bytes: &[u8; 320 * 240 * 2], image: &mut [u8; 32 * 32 * 3]) -> Result<(), FrameError> {
//!     let size = Size { width: 320, height: 240 };
//!     let frame = Frame::new(bytes, size, 2 * 320, PixelFormat::Rgb565BigEndian)?;
//!     frame.resize(frame.centre_square(), Size { width: 32, height: 32 }, image)
//! }
//! # let mut out = [0; 32 * 32 * 3];
//! # image(&[0xF8; 320 * 240 * 2], &mut out).unwrap();
//! # assert_eq!(out[..3], [255, 28, 197], "11111 000111 11000");
//! ```

mod axis;
mod check;
mod colour;
mod error;
mod format;
mod frame;
mod frame_rows;
mod size;

pub use error::FrameError;
pub use format::PixelFormat;
pub use frame::{Frame, MAX_FRAME_SIDE};
pub use frame_rows::FrameRows;
pub use size::{Rectangle, Size};
