//! The allocator's memory between steps.

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// `mi_option_purge_delay` of mimalloc 3, which the bindings leave out.
const PURGE_DELAY: mi_option_t = 15;
/// Never.
const NEVER: std::ffi::c_long = -1;

/// Keeps freed memory for later allocations, if the process allocates with mimalloc.
///
/// A step frees hundreds of megabytes that the next step allocates again. If they were returned to the
/// system in between, it would clear each page.
pub fn keep_freed_memory() {
    // SAFETY: the function may be called at any time; it stores a number in a table, after checking
    // that the index lies within it.
    unsafe { mi_option_set(PURGE_DELAY, NEVER) };
}
