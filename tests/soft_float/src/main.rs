//! A program that classifies one image, linked for a processor without a float unit.
//!
//! The linker keeps only reachable code, so the program contains the symbols that parsing and running an
//! int8 blob need. An allocator and a panic handler are provided: the linker keeps them only if something
//! calls them.

#![no_std]
#![no_main]

#[cfg(feature = "attributes")]
mod attributes;
mod plant;

use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use runtime::Model;
use runtime::camera::{Frame, PixelFormat, Size};
use runtime::explain::{Floor, Objects, Tiling, display, peak};

/// Bytes of the arena. Any number does, because the program is only linked, never run.
const ARENA_BYTES: usize = 28 * 1024;

static BLOB: &[u8] = include_bytes!("../../golden/v1/tiny.bin");
static IMAGE: &[u8] = include_bytes!("../../golden/v1/tiny.rgb");

/// The entry point of the program.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let mut arena = [0; ARENA_BYTES];
    // The optimiser must not know the blob or the image, or it could remove branches that depend on them.
    black_box(classify(black_box(BLOB), black_box(IMAGE), &mut arena));
    let mut image = [0; 3 * 32 * 32];
    black_box(frame(black_box(IMAGE), black_box(PixelFormat::Rgb565BigEndian), &mut image));
    black_box(objects(black_box(BLOB), black_box(IMAGE), &mut arena));
    #[cfg(feature = "attributes")]
    black_box(attributes::attributes(black_box(IMAGE), &mut arena));
    black_box(plant::plant(black_box(7)));
    loop {}
}

/// The best class and the largest probability.
fn classify(blob: &[u8], image: &[u8], arena: &mut [u8]) -> Option<(usize, u16)> {
    let model = Model::parse(blob).ok()?;
    let output = model.run(image, arena).ok()?;
    black_box(output.embedding());
    let best = output.top_k::<5>().first().map(|best| (best.class, best.probability));
    black_box(model.class_name(output.class()));
    best
}

/// The number of objects in an image of the blob, which has 20 tokens.
fn objects(blob: &[u8], image: &[u8], arena: &mut [u8]) -> Option<usize> {
    let model = Model::parse(blob).ok()?;
    let tiling = Tiling::of(model.config())?;
    let output = model.run(image, arena).ok()?;
    let (mut map, mut labels, mut screen) = ([0; 20], [0; 20], [0; 20]);
    output.difference(output.class(), black_box(3), &mut map).ok()?;
    output.evidence(output.class(), &mut map).ok()?;
    display(&map, peak(&map), &mut screen).ok()?;
    black_box(screen);
    let objects = Objects::find(&map, &tiling, black_box(Floor::Mean), &mut labels).ok()?;
    Some(objects.as_slice().len())
}

/// An image of a frame in any format.
fn frame(bytes: &[u8], format: PixelFormat, image: &mut [u8]) -> Option<()> {
    let frame = Frame::new(bytes, Size { width: 10, height: 12 }, 60, format).ok()?;
    frame.resize(frame.centre_square(), Size { width: 32, height: 32 }, image).ok()
}

/// An allocator without memory.
struct Offered;

#[global_allocator]
static ALLOCATOR: Offered = Offered;

// SAFETY: every request is refused, so no block ever exists.
unsafe impl GlobalAlloc for Offered {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        black_box(layout);
        core::ptr::null_mut()
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        black_box((block, layout));
    }
}

#[panic_handler]
#[inline(never)]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
