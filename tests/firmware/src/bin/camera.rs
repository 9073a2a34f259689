//! Classifies pictures of a camera whose rows come one after another. There is memory for one row of a picture,
//! but none for a picture or for the image that the network reads.
//!
//! A product takes [`classify`], and gets the rows from its camera.
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

use firmware::semihosting::{self, hexadecimal, number};
use firmware::{count, picture, stack};
use kit::fnv::Fnv1a;
use runtime::camera::{FrameRows, Rectangle};
use runtime::{Model, Output};

include!(concat!(env!("OUT_DIR"), "/model.rs"));

/// Number of pictures that are classified if the command line gives none.
const PICTURES: usize = 10;

/// Exit code for a model that this build cannot run.
const UNUSABLE: usize = 1;

/// The part of a picture that is classified.
const PART: Rectangle = picture::SIZE.centre_square();

/// All memory except the stack.
struct Memory {
    arena: [u8; ARENA_LEN],
    /// The memory of [`FrameRows`].
    sums: [u32; FrameRows::memory_len(PART, IMAGE_SIZE)],
    /// A row of the picture.
    row: [u8; picture::ROW_LEN],
}

static mut MEMORY: Memory = Memory {
    arena: [0; ARENA_LEN],
    sums: [0; FrameRows::memory_len(PART, IMAGE_SIZE)],
    row: [0; picture::ROW_LEN],
};

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", unsafe(no_mangle))]
fn main() -> ! {
    stack::paint();
    // SAFETY: `main` runs once, and no other function names `MEMORY`.
    let memory = unsafe { &mut *(&raw mut MEMORY) };
    match run(memory, semihosting::argument().unwrap_or(PICTURES)) {
        Some(hash) => {
            hexadecimal(c"hash", hash);
            number(c"stack", stack::high_water());
            semihosting::exit(0)
        }
        None => semihosting::exit(UNUSABLE),
    }
}

/// Classifies `pictures` pictures; returns the hash of their logits.
#[inline(never)]
fn run(memory: &mut Memory, pictures: usize) -> Option<u64> {
    let mut place = None;
    let model = Model::parse_into(BLOB, &mut place).ok()?;
    let mut hash = Fnv1a::new();
    for index in 0..pictures {
        let output = classify(model, memory, index)?;
        number(c"class", output.class());
        hash.extend(output.logits().iter().copied());
    }
    Some(hash.value())
}

/// Classifies [`PART`] of a picture. The counter counts the instructions of each row, and those
/// after the last one, but not those that compute the picture.
#[inline(never)]
fn classify<'m>(model: &'m Model<'_>, memory: &'m mut Memory, index: usize) -> Option<Output<'m>> {
    let Memory { arena, sums, row } = memory;
    let mut rows = FrameRows::new(picture::SIZE, picture::FORMAT, PART, IMAGE_SIZE, sums).ok()?;
    let mut stream = model.stream(arena).ok()?;
    for y in 0..picture::SIZE.height {
        picture::row(index, y, row);
        count::start();
        rows.row(row).ok()?;
        while let Some(row) = rows.image_row() {
            stream.row(row).ok()?;
        }
        count::stop();
    }
    count::start();
    let output = stream.finish();
    count::stop();
    output.ok()
}
