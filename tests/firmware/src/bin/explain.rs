//! Classifies test images. Reports where in the image the evidence for the class lies, and two attributes.
//!
//! A product needs only the bodies of [`explain`], the evidence for the class and its objects, and of
//! [`describe`], the most probable attributes.
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

use firmware::semihosting::{self, hexadecimal, number};
use firmware::{count, images, stack};
use kit::explained::{self, Room};
use kit::fnv::Fnv1a;
use runtime::explain::{Floor, Object, Objects, Tiling};
use runtime::{Attribute, Attributes, Model, Output};

include!(concat!(env!("OUT_DIR"), "/model.rs"));

/// Bytes of an image.
const IMAGE_LEN: usize = IMAGE_SIZE.width * IMAGE_SIZE.height * 3;

/// Number of images if the command line gives none.
const IMAGES: usize = 10;

/// Exit code for a model that this build cannot run.
const UNUSABLE: usize = 1;

static mut ARENA: [u8; ARENA_LEN] = [0; ARENA_LEN];
static mut IMAGE: [u8; IMAGE_LEN] = [0; IMAGE_LEN];
static mut TOKEN: PerToken = PerToken { map: [0; TOKENS], labels: [0; TOKENS], bytes: [0; TOKENS] };

/// A value for each token.
struct PerToken {
    map: [i32; TOKENS],
    labels: [u16; TOKENS],
    bytes: [i8; TOKENS],
}

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", unsafe(no_mangle))]
fn main() -> ! {
    stack::paint();
    // SAFETY: `main` runs once, and no other function names `ARENA`.
    let arena = unsafe { &mut *(&raw mut ARENA) };
    // SAFETY: `main` runs once, and no other function names `IMAGE`.
    let image = unsafe { &mut *(&raw mut IMAGE) };
    // SAFETY: `main` runs once, and no other function names `TOKEN`.
    let token = unsafe { &mut *(&raw mut TOKEN) };
    let images = semihosting::argument().unwrap_or(IMAGES);
    match run(arena, image, token, images) {
        Some(hash) => {
            hexadecimal(c"hash", hash);
            number(c"stack", stack::high_water());
            semihosting::exit(0)
        }
        None => semihosting::exit(UNUSABLE),
    }
}

/// Explains `images` test images; returns the hash of everything that was found.
#[inline(never)]
fn run(arena: &mut [u8], image: &mut [u8], token: &mut PerToken, images: usize) -> Option<u64> {
    let mut place = None;
    let model = Model::parse_into(BLOB, &mut place).ok()?;
    let attributes = Attributes::parse(model).ok()??;
    let tiling = Tiling::of(model.config())?;
    let mut hash = Fnv1a::new();
    for index in 0..images {
        images::test_image(index, image);
        let output = model.run(image, arena).ok()?;
        count::start();
        let largest = explain(&output, &tiling, token)?;
        count::next();
        let described = describe(&output, &attributes)?;
        count::stop();
        number(c"class", output.class());
        if let Some(Object { area, .. }) = largest {
            number(c"x", area.x);
            number(c"y", area.y);
            number(c"width", area.width);
            number(c"height", area.height);
        }
        for attribute in described.into_iter().flatten() {
            semihosting::text(c"attribute", attribute.name);
            number(c"probability", attribute.probability.into());
        }
        let PerToken { map, labels, bytes } = token;
        let mut room = Room { map, labels, bytes };
        hash.extend(explained::objects(&output, &tiling, &mut room)?);
        hash.extend(explained::attributes(&output, &attributes, &tiling, &mut room)?);
    }
    Some(hash.value())
}

/// The largest object of the class, if there is any. The counter counts its instructions.
#[inline(never)]
fn explain(output: &Output<'_>, tiling: &Tiling, token: &mut PerToken) -> Option<Option<Object>> {
    output.evidence(output.class(), &mut token.map).ok()?;
    let objects = Objects::find(&token.map, tiling, Floor::Mean, &mut token.labels).ok()?;
    Some(objects.as_slice().first().copied())
}

/// The two most probable attributes; the first ones if probabilities are equal. The counter counts its instructions.
#[inline(never)]
fn describe<'a>(
    output: &Output<'_>,
    attributes: &Attributes<'a>,
) -> Option<[Option<Attribute<'a>>; 2]> {
    Some(explained::most_probable(output.attributes(attributes).ok()?))
}
