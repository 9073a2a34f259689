//! Learns photographs without training, and finds them again among the entries of an index.
//!
//! Here their flash is simulated in RAM, with the restrictions of a flash. A product passes the driver of its flash.
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

use firmware::known::{FLASH_LEN, PAGE_LEN, learn};
use firmware::semihosting::{self, hexadecimal, number};
use firmware::{count, stack};
use kit::flash::Flash;
use runtime::search::Index;
use runtime::{Descriptor, Model};

include!(concat!(env!("OUT_DIR"), "/model.rs"));

/// Bytes of an image.
const IMAGE_LEN: usize = IMAGE_SIZE.width * IMAGE_SIZE.height * 3;

/// Exit code for a model or an index that this build cannot use.
const UNUSABLE: usize = 1;

static mut ARENA: [u8; DESCRIBED_LEN] = [0; DESCRIBED_LEN];
static mut IMAGE: [u8; IMAGE_LEN] = [0; IMAGE_LEN];
static mut FLASH: [u8; FLASH_LEN] = [0; FLASH_LEN];

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", unsafe(no_mangle))]
fn main() -> ! {
    stack::paint();
    // SAFETY: `main` runs once, and no other function names `ARENA`.
    let arena = unsafe { &mut *(&raw mut ARENA) };
    // SAFETY: `main` runs once, and no other function names `IMAGE`.
    let image = unsafe { &mut *(&raw mut IMAGE) };
    // SAFETY: `main` runs once, and no other function names `FLASH`.
    let flash = unsafe { &mut *(&raw mut FLASH) };
    match run(flash, image, arena) {
        Some(hash) => {
            hexadecimal(c"hash", hash);
            number(c"stack", stack::high_water());
            semihosting::exit(0)
        }
        None => semihosting::exit(UNUSABLE),
    }
}

/// Learns and finds; returns the hash of everything that was found.
#[inline(never)]
fn run(flash: &mut [u8], image: &mut [u8], arena: &mut [u8]) -> Option<u64> {
    let mut place = None;
    let model = Model::parse_into(BLOB, &mut place).ok()?;
    let descriptor = Descriptor::parse(model).ok()??;
    let index = Index::parse(INDEX).ok()?;
    let flash: Flash<_, 4, 4, PAGE_LEN> = Flash::new(flash);
    let counted = |_, work: &mut dyn FnMut()| {
        count::start();
        work();
        count::stop();
    };
    let name = |label: Option<u16>| number(c"label", label.map_or(0, usize::from));
    learn(flash, &descriptor, &index, (image, arena), counted, name)
}
