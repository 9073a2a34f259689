//! Every kind of file that users may have.

use super::*;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage, ImageEncoder, Luma, RgbaImage};

/// A picture with detail everywhere, so that every part of its file has an effect.
fn detailed(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let noise = (x * 7919 + y * 104_729 + x * y * 31) % 97;
        Rgb([x * 3 + noise, y * 5 + noise / 2, x + y + noise].map(|value| value as u8))
    })
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = picture.dimensions();
    JpegEncoder::new_with_quality(&mut bytes, 90)
        .write_image(picture, width, height, ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

/// The message about a file.
fn refusal(bytes: &[u8]) -> String {
    decode(bytes).unwrap_err().to_string()
}

/// A PNG of one colour whose header claims this size and kind; its data is compressed zeros.
fn hollow_png(width: u32, height: u32, color: png::ColorType, depth: png::BitDepth) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let row = (color.samples() * width as usize * depth as usize).div_ceil(8);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![0; row * height as usize]).unwrap();
    drop(writer);
    bytes
}

#[test]
fn every_format_keeps_its_pixels() {
    let picture = detailed(40, 33);
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP] {
        let bytes = encoded(&picture.clone().into(), format);
        assert_eq!(decode(&bytes).unwrap(), picture, "{format:?}");
    }
    let close = decode(&jpeg(&picture)).unwrap();
    let apart = close.iter().zip(picture.iter()).map(|(a, b)| u32::from(a.abs_diff(*b)));
    assert!(apart.sum::<u32>() / (3 * 40 * 33) < 12, "JPEG is close");
}

#[test]
fn grey_deep_and_transparent_pictures_become_rgb() {
    let grey = GrayImage::from_fn(9, 7, |x, y| Luma([(x * 20 + y) as u8]));
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff] {
        let found = decode(&encoded(&grey.clone().into(), format)).unwrap();
        assert!(found.pixels().all(|pixel| pixel.0 == [pixel.0[0]; 3]), "grey {format:?}");
        assert!(found.get_pixel(8, 0).0[0].abs_diff(160) < 8, "its value in {format:?}");
    }
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let deep = DynamicImage::from(detailed(8, 8)).into_rgb16();
        let found = decode(&encoded(&deep.into(), format)).unwrap();
        assert_eq!(found, detailed(8, 8), "16 bits in {format:?}");
    }
    for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::WebP] {
        let clear = RgbaImage::from_fn(2, 1, |x, _| image::Rgba([9, 9, 9, 255 * x as u8]));
        let found = decode(&encoded(&clear.into(), format)).unwrap();
        assert_eq!(found.into_raw(), [255, 255, 255, 9, 9, 9], "{format:?} over white");
    }
    assert_eq!(over_white(0, 128), 127, "half transparent");
}

#[test]
fn palettes_and_single_bits_are_read() {
    for (depth, data) in
        [(png::BitDepth::One, vec![0b0100_0000]), (png::BitDepth::Eight, vec![0, 1])]
    {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(depth);
        encoder.set_palette(vec![200, 10, 20, 1, 2, 3]);
        encoder.set_trns(vec![255, 0]);
        encoder.write_header().unwrap().write_image_data(&data).unwrap();
        let found = decode(&bytes).unwrap().into_raw();
        assert_eq!(found, [200, 10, 20, 255, 255, 255], "{depth:?}, the second one transparent");
    }
    let found = decode(&hollow_png(8, 2, png::ColorType::Grayscale, png::BitDepth::One)).unwrap();
    assert_eq!(found.into_raw(), [0; 3 * 16], "one bit");
}

#[test]
fn kinds_of_tiff_are_read_or_named() {
    use tiff::encoder::{TiffEncoder, colortype};
    let written = |write: fn(&mut TiffEncoder<&mut Cursor<Vec<u8>>>)| {
        let mut bytes = Cursor::new(Vec::new());
        write(&mut TiffEncoder::new(&mut bytes).unwrap());
        decode(&bytes.into_inner())
    };
    let deep = written(|file| file.write_image::<colortype::Gray16>(1, 1, &[0xABCD]).unwrap());
    assert_eq!(deep.unwrap().into_raw(), [0xAB; 3], "16 bits, rounded");
    let cmyk = written(|file| {
        file.write_image::<colortype::CMYK8>(2, 1, &[0, 0, 0, 0, 0, 255, 255, 0]).unwrap();
    });
    assert_eq!(cmyk.unwrap().into_raw(), [255, 255, 255, 255, 0, 0], "white and red");
    let real = written(|file| file.write_image::<colortype::Gray32Float>(1, 1, &[0.5]).unwrap());
    let real = real.map_or_else(|fault| fault.to_string(), |found| format!("{:?}", found.as_raw()));
    assert!(real.contains("128, 128") || real.contains("save it as JPEG"), "{real}");
}

#[test]
fn a_picture_of_too_many_pixels_costs_nothing() {
    let (width, height) = (12_000, 12_000);
    let bomb = hollow_png(width, height, png::ColorType::Grayscale, png::BitDepth::One);
    assert!(bomb.len() < 100_000, "a small file of {} bytes", bomb.len());
    let error = refusal(&bomb);
    assert!(error.contains("12000 x 12000 pixels") && error.contains("67 megapixels"), "{error}");
}

#[test]
fn a_cut_file_is_named() {
    let picture = detailed(120, 90);
    let whole = jpeg(&picture);
    for percent in [1, 10, 25, 50, 75, 90, 99] {
        let error = refusal(&whole[..whole.len() * percent / 100]);
        assert!(error.contains("is cut short"), "JPEG to {percent} %: {error}");
    }
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Gif] {
        let whole = encoded(&picture.clone().into(), format);
        for percent in [10, 50, 90] {
            let error = refusal(&whole[..whole.len() * percent / 100]);
            assert!(error.contains("is cut short"), "{format:?} to {percent} %: {error}");
        }
    }
    let whole = encoded(&picture.into(), ImageFormat::Tiff);
    for percent in [10, 50, 90] {
        assert!(decode(&whole[..whole.len() * percent / 100]).is_err(), "TIFF to {percent} %");
    }
}

#[test]
fn a_jpeg_that_lacks_only_its_end_is_whole() {
    let picture = detailed(64, 48);
    let whole = jpeg(&picture);
    let end = whole.len() - 2;
    assert_eq!(whole[end..], [0xFF, 0xD9], "the marker of the end");
    let expected = decode(&whole).unwrap();
    assert_eq!(decode(&whole[..end]).unwrap(), expected, "without it");
    assert_eq!(decode(&[&whole[..end], &[0; 500]].concat()).unwrap(), expected, "zeros instead");
    assert_eq!(
        decode(&[&whole, &b"a second picture"[..]].concat()).unwrap(),
        expected,
        "bytes after the end"
    );
    let error = refusal(&[&whole[..end - 40], &[0; 500]].concat());
    assert!(error.contains("is cut short"), "zeros where data was: {error}");
}

#[test]
fn a_frame_of_motion_jpeg_gets_the_standard_tables() {
    let whole = jpeg(&detailed(64, 48));
    let (mut frame, mut at) = (whole[..2].to_vec(), 2);
    // All segments before the scan except the Huffman tables; this encoder uses the standard tables.
    while whole[at + 1] != 0xDA {
        let length = 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
        if whole[at + 1] != 0xC4 {
            frame.extend(&whole[at..at + length]);
        }
        at += length;
    }
    frame.extend(&whole[at..]);
    assert!(frame.len() < whole.len() - 400, "without tables");
    assert_eq!(decode(&frame).unwrap(), decode(&whole).unwrap(), "the same picture");
}

#[test]
fn foreign_files_are_not_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let write = |name: &str, bytes: &[u8]| std::fs::write(path(name), bytes).unwrap();
    write("photo.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    let error = read(&path("photo.jpg")).unwrap_err().to_string();
    assert!(error.contains("is HEIC: convert it"), "{error}");
    // Only a thumbnail could be read from it.
    write("photo.nef", &encoded(&detailed(4, 4).into(), ImageFormat::Tiff));
    let error = read(&path("photo.nef")).unwrap_err().to_string();
    assert!(error.contains("raw file of a camera"), "{error}");
    write("photo.png", &jpeg(&detailed(4, 4)));
    assert_eq!(read(&path("photo.png")).unwrap().dimensions(), (4, 4), "JPEG named PNG");
    assert!(read(directory.path()).unwrap_err().to_string().contains("is not a file"), "a folder");
    assert!(read(&path("none")).unwrap_err().to_string().contains("cannot be read"), "nothing");
}
