//! Cortex-M: `cortex-m-rt` has the vector table and calls the function marked `entry`.

use crate::semihosting;

/// Status of a fault.
const FAULT: usize = 102;

#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    semihosting::exit(FAULT)
}

/// The vector of the one interrupt that `cortex-m-rt` needs. No interrupt is enabled.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [usize; 1] = [0];
