//! Classifies test images and reports class, hash of the logits and stack.
//!
//! A product needs only the body of [`run`]: parse once, then call `model.run` for each image.
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

use core::hint::black_box;
use firmware::semihosting::{self, hexadecimal, number};
use firmware::{count, images, stack};
use kit::fnv::Fnv1a;
use runtime::{Model, Output};

#[cfg(feature = "f16")]
use runtime::F16 as Arithmetic;
#[cfg(not(feature = "f16"))]
use runtime::Int8 as Arithmetic;

include!(concat!(env!("OUT_DIR"), "/model.rs"));

/// Bytes of an image.
const IMAGE_LEN: usize = IMAGE_SIZE.width * IMAGE_SIZE.height * 3;

/// Number of images that are classified if the command line gives none.
const IMAGES: usize = 10;

/// Exit code for a model that this build cannot run.
const UNUSABLE: usize = 1;

static mut ARENA: [u8; ARENA_LEN] = [0; ARENA_LEN];
static mut IMAGE: [u8; IMAGE_LEN] = [0; IMAGE_LEN];

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", unsafe(no_mangle))]
fn main() -> ! {
    stack::paint();
    // SAFETY: `main` runs once, and no other function names `ARENA`.
    let arena = unsafe { &mut *(&raw mut ARENA) };
    // SAFETY: `main` runs once, and no other function names `IMAGE`.
    let image = unsafe { &mut *(&raw mut IMAGE) };
    let images = semihosting::argument().unwrap_or(IMAGES);
    match run(arena, image, images) {
        Some(hash) => {
            hexadecimal(c"hash", hash);
            number(c"stack", stack::high_water());
            semihosting::exit(0)
        }
        None => semihosting::exit(UNUSABLE),
    }
}

/// Classifies `images` test images; returns the hash of their logits.
#[inline(never)]
fn run(arena: &mut [u8], image: &mut [u8], images: usize) -> Option<u64> {
    // Parsed in place, because a `Model` is several kilobytes and every move would copy it.
    let mut place = None;
    let model = parse(&mut place)?;
    let mut hash = Fnv1a::new();
    for index in 0..images {
        images::test_image(index, image);
        let output = classify(model, image, arena)?;
        number(c"class", output.class());
        hash.extend(output.logits().iter().map(bits));
    }
    Some(hash.value())
}

#[cfg(not(feature = "f16"))]
fn parse<'m>(place: &'m mut Option<Model<'static>>) -> Option<&'m Model<'static>> {
    Model::parse_into(BLOB, place).ok()
}

#[cfg(feature = "f16")]
fn parse<'m>(
    place: &'m mut Option<Model<'static, Arithmetic>>,
) -> Option<&'m Model<'static, Arithmetic>> {
    Some(place.insert(Model::parse_f16(BLOB).ok()?))
}

/// What is hashed of a logit.
#[cfg(not(feature = "f16"))]
fn bits(logit: &i32) -> i32 {
    *logit
}

/// What is hashed of a logit.
#[cfg(feature = "f16")]
fn bits(logit: &f32) -> i32 {
    logit.to_bits().cast_signed()
}

/// Classifies one image. The counter counts its instructions.
#[inline(never)]
#[cfg(not(feature = "sites"))]
fn classify<'m>(
    model: &'m Model<'_, Arithmetic>,
    image: &[u8],
    arena: &'m mut [u8],
) -> Option<Output<'m, Arithmetic>> {
    count::start();
    let output = black_box(model.run(image, arena));
    count::stop();
    output.ok()
}

/// Classifies one image. The counter counts the instructions of each site.
#[inline(never)]
#[cfg(feature = "sites")]
fn classify<'m>(
    model: &'m Model<'_, Arithmetic>,
    image: &[u8],
    arena: &'m mut [u8],
) -> Option<Output<'m, Arithmetic>> {
    count::start();
    let output = black_box(model.run_observed(image, arena, &mut |_, _| {
        count::next();
    }));
    count::stop();
    output.ok()
}
