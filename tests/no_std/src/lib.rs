//! Links the runtime as a device does: without std, without a heap, without unwinding.
//!
//! On any host, the build fails if the runtime or one of its dependencies uses std or `alloc`: std brings a
//! second panic handler, and `alloc` needs a global allocator. `.ci/run no_std` then looks for panics among
//! the symbols that are reachable from the functions of this file.

#![no_std]

use runtime::camera::{Frame, FrameRows, PixelFormat, Size};
use runtime::explain::{Floor, Objects, Tiling, display, peak};
use runtime::search::{Fingerprint, Index, Likeness, Part};
use runtime::{Attributes, Descriptor, Model};

/// The index of the best class, or a negative number if the blob or the arena cannot be used.
#[unsafe(no_mangle)]
pub extern "C" fn classify(
    blob: &'static [u8; 256 * 1024],
    image: &[u8; 3072],
    arena: &mut [u8; 32 * 1024],
) -> i32 {
    let Ok(model) = Model::parse(blob) else { return -1 };
    let Ok(output) = model.run(image, arena) else { return -2 };
    output.top_k::<5>().first().map_or(-3, |best| best.class as i32)
}

/// The probability of the attribute of that index, and where in the image it is. Negative if the blob, the
/// arena or the attribute cannot be used.
#[unsafe(no_mangle)]
pub extern "C" fn attribute(
    blob: &'static [u8; 256 * 1024],
    image: &[u8; 3072],
    arena: &mut [u8; 32 * 1024],
    index: usize,
    map: &mut [i32; 64],
) -> i32 {
    let Ok(model) = Model::parse(blob) else { return -1 };
    let Ok(Some(attributes)) = Attributes::parse(&model) else { return -2 };
    let Ok(output) = model.run(image, arena) else { return -3 };
    if output.attribute_evidence(&attributes, index, map).is_err() {
        return -4;
    }
    let Ok(mut found) = output.attributes(&attributes) else { return -5 };
    found.nth(index).map_or(-6, |found| i32::from(found.probability) + found.name.len() as i32)
}

/// Size of an image.
const IMAGE: Size = Size { width: 32, height: 32 };

/// Makes an image of a frame of any format and size. Returns 0, or 1 if the frame cannot be used.
#[unsafe(no_mangle)]
pub extern "C" fn image(
    bytes: &[u8; 320 * 240 * 2],
    width: usize,
    height: usize,
    stride: usize,
    format: u8,
    image: &mut [u8; 3072],
) -> i32 {
    let format = match format {
        0 => PixelFormat::Rgb888,
        1 => PixelFormat::Bgr888,
        2 => PixelFormat::Rgb565LittleEndian,
        3 => PixelFormat::Rgb565BigEndian,
        4 => PixelFormat::Grey,
        5 => PixelFormat::Yuyv,
        6 => PixelFormat::Uyvy,
        _ => PixelFormat::Nv12,
    };
    let frame = Frame::new(bytes, Size { width, height }, stride, format);
    let done = frame.and_then(|frame| frame.resize(frame.centre_square(), IMAGE, image));
    i32::from(done.is_err())
}

/// Finds the objects of a class in one image, and writes its map for a screen. Returns their number, or a
/// negative number if something cannot be used.
#[unsafe(no_mangle)]
pub extern "C" fn objects(
    blob: &'static [u8; 256 * 1024],
    image: &[u8; 3072],
    arena: &mut [u8; 32 * 1024],
    classes: &[usize; 2],
    map: &mut [i32; 64],
    labels: &mut [u16; 64],
    screen: &mut [i8; 64],
) -> i32 {
    let Ok(model) = Model::parse(blob) else { return -1 };
    let Some(tiling) = Tiling::of(model.config()) else { return -2 };
    let Ok(output) = model.run(image, arena) else { return -3 };
    let [class, other] = *classes;
    let written = match class == other {
        true => output.evidence(class, map),
        false => output.difference(class, other, map),
    };
    if written.is_err() || display(map, peak(map), screen).is_err() {
        return -4;
    }
    let objects = Objects::find(map, &tiling, Floor::Mean, labels);
    objects.map_or(-5, |objects| objects.as_slice().len() as i32)
}

/// The index of the best class of a frame of any size, whose rows are equal and are resized as they come.
/// Negative if the frame, the blob or the arena cannot be used.
#[unsafe(no_mangle)]
pub extern "C" fn classify_rows(
    blob: &'static [u8; 256 * 1024],
    row: &[u8; 320 * 2],
    width: usize,
    height: usize,
    arena: &mut [u8; 32 * 1024],
    memory: &mut [u32; 1024],
) -> i32 {
    let Ok(model) = Model::parse(blob) else { return -1 };
    let Ok(mut stream) = model.stream(arena) else { return -2 };
    let (frame, format) = (Size { width, height }, PixelFormat::Rgb565BigEndian);
    let Ok(mut rows) = FrameRows::new(frame, format, frame.centre_square(), IMAGE, memory) else {
        return -3;
    };
    for _ in 0..height {
        if rows.row(row).is_err() {
            return -4;
        }
        while let Some(row) = rows.image_row() {
            if stream.row(row).is_err() {
                return -5;
            }
        }
    }
    stream.finish().map_or(-6, |output| output.class() as i32)
}

/// The number of the known image that is most like this one, or a negative number if something cannot be used.
#[unsafe(no_mangle)]
pub extern "C" fn most_like(
    blob: &'static [u8; 256 * 1024],
    index: &'static [u8; 256 * 1024],
    image: &[u8; 3072],
    arena: &mut [u8; 32 * 1024],
) -> i64 {
    let (Ok(model), Ok(index)) = (Model::parse(blob), Index::parse(index)) else { return -1 };
    let Ok(Some(descriptor)) = Descriptor::parse(&model) else { return -2 };
    let Ok(seen) = descriptor.run(image, arena) else { return -3 };
    let Ok(found) = index.nearest::<1>(&seen.fingerprint, seen.likeness) else { return -4 };
    found.first().map_or(-5, |found| found.id.into())
}

/// The number of the known image that is nearest, or a negative number if the index cannot be used.
#[unsafe(no_mangle)]
pub extern "C" fn nearest(
    index: &'static [u8; 256 * 1024],
    network: u32,
    class: &[i8; 32],
    appearance: &[i8; 96],
    codes: &[u64; 2],
    weight: u8,
) -> i64 {
    let Ok(index) = Index::parse(index) else { return -1 };
    let [class, appearance] = [(&class[..], codes[0]), (&appearance[..], codes[1])]
        .map(|(vector, code)| Part { vector, code });
    let seen = Fingerprint { network, class, appearance };
    let likeness = match weight {
        0 => Likeness::Appearance,
        u8::MAX => Likeness::Class,
        class => Likeness::Mixed { class },
    };
    let Ok(all) = index.nearest::<5>(&seen, likeness) else { return -2 };
    let Ok(staged) = index.nearest_in_two_stages::<50, 5>(&seen, likeness) else { return -3 };
    let entry = all.first().or(staged.first()).and_then(|found| index.entry(found.position));
    let Some(entry) = entry else { return -4 };
    match entry.label.and_then(|label| index.label_name(label)) {
        Some("cup") => 0,
        _ => entry.id.into(),
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
