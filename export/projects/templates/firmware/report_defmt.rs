//! Reports by defmt, through the debugger. A product reports to its user.

use crate::Found;
// These crates have the interrupt lock, the transport and the panic handler.
use {cortex_m as _, defmt_rtt as _, panic_probe as _};

// No time: the program sets up no clock.
defmt::timestamp!("");

/// Reports a class.
pub fn found(found: &Found) -> ! {
    defmt::info!("class {=str}", found.class);
    defmt::info!("percent {=u32}", found.percent);
    defmt::info!("hash {=u64:016x}", found.hash);
    wait()
}

/// Reports that there is no class.
pub fn fault() -> ! {
    defmt::error!("the network or the image cannot be used");
    wait()
}

/// Does not sleep, because some debuggers lose a processor that sleeps.
fn wait() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
