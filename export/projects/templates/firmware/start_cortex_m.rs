//! What the processor does after a fault.

use crate::semihosting;

/// Status of a fault.
const FAULT: usize = 102;

#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    semihosting::exit(FAULT)
}
