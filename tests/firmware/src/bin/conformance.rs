//! Compares every kernel set of this processor with the scalar one. It takes the cases of the kit's
//! comparison that fit into the memory of this board and are small enough for an emulator.
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

use firmware::semihosting::{self, number};
#[cfg(feature = "f16")]
use kit::conformance::F16Comparison;
use kit::conformance::{Case, Comparison, Difference, cases};
use kit::memory::Fixed;
use kit::rng::Rng;
#[cfg(feature = "f16")]
use runtime::F16Kernels;
use runtime::Kernels;
#[cfg(feature = "f16")]
use runtime::kernels::f16;
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
    let others = Kernels::all().filter(|set| set.name != scalar::KERNELS.name);
    let sets = Sets::new(&scalar::KERNELS, others);
    let mut board = Board { storage, differences: 0 };
    number(c"sets", sets.count);
    let compare = |case, draw: &mut Rng, memory: Fixed<'_>, report: Report<'_>| {
        Comparison { sets: sets.get(), draw, memory, report }.compare(case)
    };
    number(c"linear", board.compare(cases::linear(), compare));
    number(c"depthwise", board.compare(cases::depthwise(), compare));
    number(c"norms", board.compare(cases::norm(), compare));
    number(c"attention", board.compare(cases::attention(), compare));
    number(c"heads", board.compare(cases::head(), compare));
    #[cfg(feature = "f16")]
    f16(&mut board);
    number(c"differences", board.differences);
    semihosting::exit(usize::from(board.differences != 0 || sets.count == 0))
}

/// Compares the kernel sets of the arithmetic `F16`.
#[cfg(feature = "f16")]
fn f16(board: &mut Board<'_>) {
    let others = F16Kernels::all().filter(|set| set.name != f16::scalar::KERNELS.name);
    let sets = Sets::new(&f16::scalar::KERNELS, others);
    number(c"f16-sets", sets.count);
    let compare = |case, draw: &mut Rng, memory: Fixed<'_>, report: Report<'_>| {
        F16Comparison { sets: sets.get(), draw, memory, report }.compare(case)
    };
    number(c"f16-linear", board.compare(cases::linear(), compare));
    number(c"f16-depthwise", board.compare(cases::depthwise(), compare));
    number(c"f16-norms", board.compare(cases::norm(), compare));
    number(c"f16-attention", board.compare(cases::attention(), compare));
}

/// Receives every difference.
type Report<'a> = &'a mut dyn FnMut(Difference);

/// The kernel sets that are compared with the scalar one.
struct Sets<S: 'static> {
    sets: [&'static S; MAX_SETS],
    count: usize,
}

impl<S> Sets<S> {
    fn new(scalar: &'static S, others: impl Iterator<Item = &'static S>) -> Self {
        let mut sets = [scalar; MAX_SETS];
        let count = sets.iter_mut().zip(others).map(|(place, set)| *place = set).count();
        Self { sets, count }
    }

    fn get(&self) -> &[&'static S] {
        self.sets.get(..self.count).unwrap_or(&[])
    }
}

/// Memory for operands, and the number of differences.
struct Board<'a> {
    storage: &'a mut [u8],
    differences: usize,
}

impl Board<'_> {
    /// Compares the cases that the board can hold; returns their number.
    fn compare(
        &mut self,
        cases: impl Iterator<Item = Case>,
        compare: impl Fn(Case, &mut Rng, Fixed<'_>, Report<'_>) -> Option<()>,
    ) -> usize {
        let mut rng = Rng::new(1);
        let mut compared = 0;
        for case in cases.filter(|case| case.work() <= MAX_WORK) {
            let report = &mut |_| self.differences += 1;
            compared += usize::from(compare(case, &mut rng, Fixed(self.storage), report).is_some());
        }
        compared
    }
}
