//! Searches an index in flash for the known images that are most like each test image.
//!
//! A product needs a run of the descriptor and one of the three searches of [`search`].
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

use core::hint::black_box;
use firmware::images::PHOTOGRAPHS;
use firmware::known::{CANDIDATES, LIKENESS, NEAREST, push};
use firmware::semihosting::{self, hexadecimal, number};
use firmware::{count, stack};
use kit::fnv::Fnv1a;
use runtime::search::{Fingerprint, Index};
use runtime::{Descriptor, Model};

include!(concat!(env!("OUT_DIR"), "/model.rs"));

/// Bytes of an image.
const IMAGE_LEN: usize = IMAGE_SIZE.width * IMAGE_SIZE.height * 3;

/// Number of images if the command line gives none.
const IMAGES: usize = 3;

/// Exit code for a model or an index that this build cannot use.
const UNUSABLE: usize = 1;

static mut ARENA: [u8; DESCRIBED_LEN] = [0; DESCRIBED_LEN];

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", unsafe(no_mangle))]
fn main() -> ! {
    stack::paint();
    // SAFETY: `main` runs once, and no other function names `ARENA`.
    let arena = unsafe { &mut *(&raw mut ARENA) };
    match run(arena, semihosting::argument().unwrap_or(IMAGES)) {
        Some(hash) => {
            hexadecimal(c"hash", hash);
            number(c"stack", stack::high_water());
            semihosting::exit(0)
        }
        None => semihosting::exit(UNUSABLE),
    }
}

/// Searches for `images` photographs; returns the hash of everything that was found.
#[inline(never)]
fn run(arena: &mut [u8], images: usize) -> Option<u64> {
    let mut place = None;
    let model = Model::parse_into(BLOB, &mut place).ok()?;
    let descriptor = Descriptor::parse(model).ok()??;
    let index = Index::parse(INDEX).ok()?;
    let mut hash = Fnv1a::new();
    for image in PHOTOGRAPHS.iter().cycle().take(images) {
        // Read in flash: a copy in RAM would take memory that the smallest board needs for its stack.
        let image = image.get(..IMAGE_LEN)?;
        let seen = descriptor.run(image, arena).ok()?;
        search(&index, &seen.fingerprint, &mut hash)?;
    }
    Some(hash.value())
}

/// The three searches. The counter counts the instructions of each.
#[inline(never)]
fn search(index: &Index<'_>, seen: &Fingerprint<'_>, hash: &mut Fnv1a) -> Option<()> {
    count::start();
    let vectors = black_box(index.nearest::<NEAREST>(seen, LIKENESS));
    count::next();
    let codes = black_box(index.nearest_by_codes::<NEAREST>(seen, LIKENESS));
    count::next();
    let both = black_box(index.nearest_in_two_stages::<CANDIDATES, NEAREST>(seen, LIKENESS));
    count::stop();
    let (vectors, codes, both) = (vectors.ok()?, codes.ok()?, both.ok()?);
    number(c"nearest", vectors.first()?.id as usize);
    push(hash, &vectors);
    push(hash, &codes);
    push(hash, &both);
    Some(())
}
