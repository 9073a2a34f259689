//! Compares every kernel set of this processor with the scalar one. It takes the cases of the kit's
//! comparison that fit into the memory of this board and are small enough for an emulator.
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

use firmware::semihosting::{self, number};
use kit::conformance::{Case, Comparison, cases};
use kit::memory::Fixed;
use kit::rng::Rng;
use runtime::Kernels;
use runtime::kernels::scalar;

/// Bytes of operands and outputs. The smallest board that compares has 128 KiB.
const MEMORY: usize = 88 * 1024;
/// Maximum products of a case. An emulator computes them in a few milliseconds.
const MAX_WORK: usize = 1_200_000;
/// Maximum number of kernel sets; no processor has as many.
const MAX_SETS: usize = 8;

static mut STORAGE: [u8; MEMORY] = [0; MEMORY];

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", unsafe(no_mangle))]
fn main() -> ! {
    // SAFETY: `main` runs once, and no other function names `STORAGE`.
    let storage = unsafe { &mut *(&raw mut STORAGE) };
    let mut sets = [&scalar::KERNELS; MAX_SETS];
    let others = Kernels::all().filter(|set| set.name != scalar::KERNELS.name);
    let count = sets.iter_mut().zip(others).map(|(place, set)| *place = set).count();
    let mut board = Board { sets: sets.get(..count).unwrap_or(&[]), storage, differences: 0 };
    number(c"sets", count);
    number(c"linear", board.compare(cases::linear()));
    number(c"depthwise", board.compare(cases::depthwise()));
    number(c"norms", board.compare(cases::norm()));
    number(c"attention", board.compare(cases::attention()));
    number(c"heads", board.compare(cases::head()));
    number(c"differences", board.differences);
    semihosting::exit(usize::from(board.differences != 0 || count == 0))
}

/// The kernel sets of this board, memory for operands, and the number of differences.
struct Board<'a> {
    sets: &'a [&'static Kernels],
    storage: &'a mut [u8],
    differences: usize,
}

impl Board<'_> {
    /// Compares the cases that the board can hold; returns their number.
    fn compare(&mut self, cases: impl Iterator<Item = Case>) -> usize {
        let mut rng = Rng::new(1);
        let mut compared = 0;
        for case in cases.filter(|case| case.work() <= MAX_WORK) {
            let comparison = Comparison {
                sets: self.sets,
                draw: &mut rng,
                memory: Fixed(self.storage),
                report: &mut |_| self.differences += 1,
            };
            compared += usize::from(comparison.compare(case).is_some());
        }
        compared
    }
}
