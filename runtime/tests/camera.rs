//! Frames of cameras against a simple float reference, exact cases, and refused arguments.

use kit::draw::Draw;
use kit::rng::Rng;
use runtime::camera::{Frame, FrameError, MAX_FRAME_SIDE, PixelFormat, Rectangle, Size};

/// Any bytes.
fn noise(rng: &mut Rng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill(&mut bytes);
    bytes
}

/// All formats, with the bytes of a pixel in a row.
const FORMATS: [(PixelFormat, usize); 8] = [
    (PixelFormat::Rgb888, 3),
    (PixelFormat::Bgr888, 3),
    (PixelFormat::Rgb565LittleEndian, 2),
    (PixelFormat::Rgb565BigEndian, 2),
    (PixelFormat::Grey, 1),
    (PixelFormat::Yuyv, 2),
    (PixelFormat::Uyvy, 2),
    (PixelFormat::Nv12, 1),
];

const fn size(width: usize, height: usize) -> Size {
    Size { width, height }
}

/// Bytes of a frame: for NV12, rows of colour differences follow the rows of pixels.
fn frame_len(format: PixelFormat, stride: usize, height: usize) -> usize {
    let halves = if format == PixelFormat::Nv12 { height.div_ceil(2) } else { 0 };
    stride * (height + halves)
}

/// One pixel of a frame with `height` rows by the formats' definitions.
fn pixel(
    frame: &[u8],
    (stride, height): (usize, usize),
    (x, y): (usize, usize),
    format: PixelFormat,
) -> [f64; 3] {
    let row = &frame[y * stride..];
    let rgb565 = |value: u16| {
        let part = |shift: u32, bits: u32| {
            let most = (1u16 << bits) - 1;
            f64::from(value >> shift & most) * 255.0 / f64::from(most)
        };
        [part(11, 5), part(5, 6), part(0, 5)]
    };
    let yuv = |y: u8, b: u8, r: u8| {
        let y = 255.0 / 219.0 * (f64::from(y) - 16.0);
        let scale = 255.0 / 224.0;
        let (b, r) = (f64::from(b) - 128.0, f64::from(r) - 128.0);
        let (kr, kb) = (0.299, 0.114);
        let (red, blue) = (2.0 * (1.0 - kr) * scale * r, 2.0 * (1.0 - kb) * scale * b);
        let green = -(kr * red + kb * blue) / (1.0 - kr - kb);
        [y + red, y + green, y + blue].map(|value: f64| value.clamp(0.0, 255.0))
    };
    let pair = |bytes: usize| &row[x / 2 * bytes..];
    match format {
        PixelFormat::Rgb888 => [0, 1, 2].map(|channel| row[3 * x + channel].into()),
        PixelFormat::Bgr888 => [2, 1, 0].map(|channel| row[3 * x + channel].into()),
        PixelFormat::Rgb565LittleEndian => rgb565(u16::from_le_bytes([row[2 * x], row[2 * x + 1]])),
        PixelFormat::Rgb565BigEndian => rgb565(u16::from_be_bytes([row[2 * x], row[2 * x + 1]])),
        PixelFormat::Grey => [row[x].into(); 3],
        PixelFormat::Yuyv => yuv(pair(4)[x % 2 * 2], pair(4)[1], pair(4)[3]),
        PixelFormat::Uyvy => yuv(pair(4)[x % 2 * 2 + 1], pair(4)[0], pair(4)[2]),
        PixelFormat::Nv12 => {
            let differences = &frame[stride * height..][stride * (y / 2)..][x / 2 * 2..];
            yuv(row[x], differences[0], differences[1])
        }
        _ => panic!("{format:?} has no reference"),
    }
}

/// Weights of `from` pixels for each of `to` outputs.
fn weights(from: usize, to: usize) -> Vec<Vec<f64>> {
    let scale = from as f64 / to as f64;
    let output = |index: usize| {
        let (begin, end) = if from >= to {
            (index as f64 * scale, (index + 1) as f64 * scale)
        } else {
            let centre = ((index as f64 + 0.5) * scale).clamp(0.5, from as f64 - 0.5);
            (centre - 0.5, centre + 0.5)
        };
        let cover = |at: usize| (end.min(at as f64 + 1.0) - begin.max(at as f64)).max(0.0);
        (0..from).map(|at| cover(at) / (end - begin)).collect()
    };
    (0..to).map(output).collect()
}

#[test]
fn every_format_and_size_is_within_a_level_of_floats() {
    let mut rng = Rng::new(1);
    for (format, bytes) in FORMATS {
        for (width, height, padding) in [(1, 1, 2), (8, 6, 0), (13, 9, 5), (40, 31, 3)] {
            let stride = bytes * (width + width % 2) + padding;
            let frame = noise(&mut rng, frame_len(format, stride, height));
            let view = Frame::new(&frame, size(width, height), stride, format).unwrap();
            let inner = Rectangle {
                x: width / 3,
                y: height / 4,
                width: width.div_ceil(2),
                height: height.div_ceil(3),
            };
            for part in [view.whole(), view.centre_square(), inner] {
                for (w, h) in [(1, 1), (5, 7), (16, 16), (9, 64)] {
                    let mut image = vec![0; 3 * w * h];
                    view.resize(part, size(w, h), &mut image).unwrap();
                    let (columns, rows) = (weights(part.width, w), weights(part.height, h));
                    for (index, found) in image.chunks(3).enumerate() {
                        let mut expected = [0.0; 3];
                        for (dy, wy) in rows[index / w].iter().enumerate() {
                            for (dx, wx) in columns[index % w].iter().enumerate() {
                                let place = (part.x + dx, part.y + dy);
                                let values = pixel(&frame, (stride, height), place, format);
                                (0..3).for_each(|c| expected[c] += wx * wy * values[c]);
                            }
                        }
                        for (found, expected) in found.iter().zip(expected) {
                            let distance = (f64::from(*found) - expected).abs();
                            assert!(
                                distance <= 1.0,
                                "{format:?}, {part:?} to {w} x {h}, pixel {index}: {found}, {expected}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_frame_of_the_right_size_is_copied() {
    let bytes = noise(&mut Rng::new(2), 7 * 5 * 3);
    let frame = Frame::new(&bytes, size(7, 5), 21, PixelFormat::Rgb888).unwrap();
    let mut image = vec![0; bytes.len()];
    frame.resize(frame.whole(), size(7, 5), &mut image).unwrap();
    assert_eq!(image, bytes, "no pixel is touched");
}

#[test]
fn halves_are_means_and_round_up() {
    let grey = [10, 10, 10, 11, 11, 11, 20, 20, 20, 20, 20, 20];
    let frame = Frame::new(&grey, size(4, 1), 12, PixelFormat::Bgr888).unwrap();
    let mut image = [0; 6];
    frame.resize(frame.whole(), size(2, 1), &mut image).unwrap();
    assert_eq!(image, [11, 11, 11, 20, 20, 20], "10.5 is 11");
    let mut image = [0; 24];
    frame.resize(frame.whole(), size(8, 1), &mut image).unwrap();
    let first: Vec<u8> = image.chunks(3).map(|pixel| pixel[0]).collect();
    assert_eq!(first, [10, 10, 11, 13, 18, 20, 20, 20], "quarters between centres");
}

#[test]
fn colours_have_their_bytes() {
    let mut image = [0; 3];
    let mut first = |bytes: &[u8], format, expected: [u8; 3]| {
        let frame = Frame::new(bytes, size(2, 1), bytes.len(), format).unwrap();
        let left = Rectangle { width: 1, ..frame.whole() };
        frame.resize(left, size(1, 1), &mut image).unwrap();
        assert_eq!(image, expected, "{format:?}");
    };
    first(&[0xF8, 0x00, 0, 0], PixelFormat::Rgb565BigEndian, [255, 0, 0]);
    first(&[0xE0, 0x07, 0, 0], PixelFormat::Rgb565LittleEndian, [0, 255, 0]);
    first(&[235, 128, 16, 128], PixelFormat::Yuyv, [255, 255, 255]);
    first(&[16, 128, 235, 128], PixelFormat::Yuyv, [0, 0, 0]);
    first(&[81, 90, 81, 240], PixelFormat::Yuyv, [254, 0, 0]);
    first(&[90, 81, 240, 235], PixelFormat::Uyvy, [254, 0, 0]);
    first(&[200, 0], PixelFormat::Grey, [200, 200, 200]);
}

#[test]
fn four_pixels_of_nv12_share_their_colour_differences() {
    // Three by three pixels: the last column and the last row share colour differences with no other pixel.
    let (width, height, stride) = (3, 3, 5);
    let luma = [[235, 235, 81, 9, 9], [235, 16, 81, 9, 9], [16, 16, 235, 9, 9]].concat();
    let differences = [[128, 128, 90, 240, 9], [128, 128, 128, 128, 9]].concat();
    let bytes = [luma, differences].concat();
    // The last row of the buffer needs no padding.
    let (whole, short) = (&bytes[..bytes.len() - 1], &bytes[..bytes.len() - 2]);
    let found = Frame::new(short, size(width, height), stride, PixelFormat::Nv12).map(|_| ());
    assert_eq!(found, Err(FrameError::FrameLen { found: 23, min: 24 }), "both planes");
    let found = Frame::new(whole, size(width, height), 3, PixelFormat::Nv12).map(|_| ());
    assert_eq!(found, Err(FrameError::Stride { found: 3, min: 4 }), "two pairs of differences");
    let frame = Frame::new(whole, size(width, height), stride, PixelFormat::Nv12).unwrap();
    let mut image = [7; 27];
    frame.resize(frame.whole(), size(width, height), &mut image).unwrap();
    let (white, black, red) = ([255; 3], [0; 3], [254, 0, 0]);
    let expected = [white, white, red, white, black, red, black, black, white];
    assert_eq!(image.as_chunks::<3>().0, expected, "row by row");
}

#[test]
fn the_largest_sums_do_not_overflow() {
    let bytes = vec![255; 3 * MAX_FRAME_SIDE];
    let tall = Frame::new(&bytes, size(1, MAX_FRAME_SIDE), 3, PixelFormat::Rgb888).unwrap();
    let mut image = vec![0; 3 * MAX_FRAME_SIDE / 2];
    tall.resize(tall.whole(), size(MAX_FRAME_SIDE / 2, 1), &mut image).unwrap();
    assert!(image.iter().all(|&value| value == 255), "white stays white");
}

#[test]
fn what_does_not_fit_is_refused() {
    let bytes = [0; 60];
    let new =
        |size: Size, stride| Frame::new(&bytes, size, stride, PixelFormat::Rgb888).map(|_| ());
    assert_eq!(new(size(0, 4), 15), Err(FrameError::Side { found: 0, max: MAX_FRAME_SIDE }));
    assert_eq!(new(size(5, 4), 14), Err(FrameError::Stride { found: 14, min: 15 }));
    assert_eq!(new(size(5, 5), 15), Err(FrameError::FrameLen { found: 60, min: 75 }));
    assert!(new(size(5, 2), usize::MAX).is_err(), "a stride that overflows");
    assert_eq!(new(size(4, 4), 16), Ok(()), "the last row needs no padding");
    let odd = Frame::new(&bytes, size(15, 2), 30, PixelFormat::Yuyv).map(|_| ());
    assert_eq!(odd, Err(FrameError::Stride { found: 30, min: 32 }), "half a pair");

    let frame = Frame::new(&bytes, size(5, 4), 15, PixelFormat::Rgb888).unwrap();
    let mut image = [7; 12];
    let outside = Rectangle { x: 1, ..frame.whole() };
    let huge = Rectangle { x: usize::MAX, ..frame.whole() };
    let empty = Rectangle { width: 0, ..frame.whole() };
    for part in [outside, huge, empty] {
        assert_eq!(frame.resize(part, size(2, 2), &mut image), Err(FrameError::Rectangle(part)));
    }
    let found = frame.resize(frame.whole(), size(2, 1), &mut image);
    assert_eq!(found, Err(FrameError::ImageLen { found: 12, expected: 6 }));
    assert!(frame.resize(frame.whole(), size(0, 2), &mut image).is_err(), "no columns");
    assert_eq!(image, [7; 12], "untouched");
}
