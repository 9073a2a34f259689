//! A frame that comes row by row gives the image of a whole one, and rows that do not belong are refused.

use kit::draw::Draw;
use kit::rng::Rng;
use runtime::camera::{Frame, FrameError, FrameRows, PixelFormat, Rectangle, Size};

/// The formats whose rows have all of their colours, with the bytes of two pixels.
const FORMATS: [(PixelFormat, usize); 7] = [
    (PixelFormat::Rgb888, 6),
    (PixelFormat::Bgr888, 6),
    (PixelFormat::Rgb565LittleEndian, 4),
    (PixelFormat::Rgb565BigEndian, 4),
    (PixelFormat::Grey, 2),
    (PixelFormat::Yuyv, 4),
    (PixelFormat::Uyvy, 4),
];

/// A random part of a frame.
fn part(rng: &mut Rng, frame: Size) -> Rectangle {
    let (width, height) = (rng.length(1, frame.width), rng.length(1, frame.height));
    let (x, y) = (rng.length(0, frame.width - width), rng.length(0, frame.height - height));
    Rectangle { x, y, width, height }
}

#[test]
fn rows_give_the_image_of_a_whole_frame_for_random_shapes() {
    for seed in 0..2000 {
        let rng = &mut Rng::new(seed);
        let frame = Size { width: rng.length(1, 40), height: rng.length(1, 40) };
        let image = Size { width: rng.length(1, 40), height: rng.length(1, 40) };
        let (format, bytes) = FORMATS[rng.length(0, FORMATS.len() - 1)];
        let stride = bytes * frame.width.div_ceil(2) + rng.length(0, 3);
        let part = part(rng, frame);
        let mut pixels = vec![0; stride * frame.height];
        rng.fill(&mut pixels);
        let mut expected = vec![0; 3 * image.width * image.height];
        let whole = Frame::new(&pixels, frame, stride, format).unwrap();
        whole.resize(part, image, &mut expected).unwrap();

        let mut memory = vec![!0; FrameRows::memory_len(part, image)];
        let mut rows = FrameRows::new(frame, format, part, image, &mut memory).unwrap();
        let mut found = Vec::new();
        for row in pixels.chunks(stride) {
            rows.row(row).unwrap();
            while let Some(row) = rows.image_row() {
                found.extend_from_slice(row);
            }
        }
        assert_eq!(found, expected, "{format:?}, {part:?} of {frame:?} as {image:?}");
    }
}

#[test]
fn rows_that_were_not_taken_are_lost() {
    let (frame, image) = (Size { width: 1, height: 4 }, Size { width: 1, height: 2 });
    let mut memory = vec![0; FrameRows::memory_len(frame.whole(), image)];
    let mut rows =
        FrameRows::new(frame, PixelFormat::Grey, frame.whole(), image, &mut memory).unwrap();
    for grey in [10, 20, 30, 40] {
        rows.row(&[grey]).unwrap();
    }
    assert_eq!(rows.image_row(), Some(&[35; 3][..]), "the second row");
    assert_eq!(rows.image_row(), None, "the first row is lost");
}

#[test]
fn what_does_not_fit_is_refused() {
    let (frame, image) = (Size { width: 5, height: 2 }, Size { width: 4, height: 2 });
    let tall = Size { height: 3, ..image };
    let grown = FrameRows::memory_len(frame.whole(), tall);
    assert_eq!(grown, 2 * 12 + 3, "two sums and a byte for each value of a row");
    let min = FrameRows::memory_len(frame.whole(), image);
    assert_eq!(min, 12 + 3, "a sum and a byte for each value of a row");
    let mut memory = vec![0; min];
    let mut new = |frame: Size, format, part, image, len: usize| {
        FrameRows::new(frame, format, part, image, &mut memory[..len]).map(|_| ())
    };
    let (yuyv, whole) = (PixelFormat::Yuyv, frame.whole());
    assert_eq!(new(frame, yuyv, whole, image, min), Ok(()));
    let nv12 = PixelFormat::Nv12;
    assert_eq!(new(frame, nv12, whole, image, min), Err(FrameError::Format(nv12)));
    let outside = Rectangle { x: 1, ..whole };
    assert_eq!(new(frame, yuyv, outside, image, min), Err(FrameError::Rectangle(outside)));
    for len in [0, 13, min - 1] {
        let error = FrameError::Memory { found: len, min };
        assert_eq!(new(frame, yuyv, whole, image, len), Err(error), "{len} words");
        let error = FrameError::Memory { found: len, min: grown };
        assert_eq!(new(frame, yuyv, whole, tall, len), Err(error), "{len} words, more rows");
    }
    let huge = Size { width: 4097, height: 1 };
    assert!(new(huge, yuyv, whole, image, min).is_err(), "a wide frame");
    assert!(new(frame, yuyv, whole, huge, min).is_err(), "a wide image");

    let mut rows = FrameRows::new(frame, yuyv, whole, image, &mut memory).unwrap();
    assert_eq!(rows.row(&[0; 11]), Err(FrameError::Row { found: 11, min: 12 }), "half a pair");
    assert_eq!(rows.image_row(), None, "no row came");
    for row in 0..2 {
        rows.row(&[128; 12]).unwrap();
        assert_eq!(rows.image_row(), Some(&[130; 12][..]), "row {row}");
    }
    assert_eq!(rows.row(&[128; 12]), Err(FrameError::Rows { max: 2 }), "a row too many");
    assert_eq!(rows.image_row(), None, "the image is complete");
}
