//! Lets the allocator keep freed memory between training steps.

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// The number of `mi_option_purge_delay` in mimalloc 3. The crate `libmimalloc-sys` has no name for it.
const PURGE_DELAY: mi_option_t = 15;
/// A delay that means: never return freed memory to the system.
const NEVER: std::ffi::c_long = -1;

/// Keeps freed memory for later allocations, if the process allocates with mimalloc.
///
/// A step frees hundreds of megabytes that the next step allocates again. If the allocator returned them
/// to the system in between, the system would clear each page again.
pub fn keep_freed_memory() {
    // SAFETY: the function may be called at any time. It checks the index, then it stores a number in a
    // table.
    unsafe { mi_option_set(PURGE_DELAY, NEVER) };
}
