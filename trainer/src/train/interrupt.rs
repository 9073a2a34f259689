//! Ctrl-C: the first one ends the run after the current micro-batch, the second one immediately.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// Exit code after a second Ctrl-C: 128 plus the number of the signal, as in shells.
const EXIT_CODE: i32 = 128 + SIGINT;

/// The error of a run that Ctrl-C ended early.
#[derive(Clone, Copy, Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// A flag that becomes true at the first Ctrl-C.
///
/// # Errors
/// If the system refuses the signal handler.
pub fn on_interrupt() -> Result<Arc<AtomicBool>> {
    let raised = Arc::new(AtomicBool::new(false));
    let context = "cannot listen for Ctrl-C";
    // In this order, because the shutdown must see the flag as it was before this signal.
    flag::register_conditional_shutdown(SIGINT, EXIT_CODE, Arc::clone(&raised)).context(context)?;
    flag::register(SIGINT, Arc::clone(&raised)).context(context)?;
    Ok(raised)
}
