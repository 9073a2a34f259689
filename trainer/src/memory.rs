//! Keeps freed memory in the process.

/// Largest buffer that is served from the heap: glibc's own limit for this setting.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGEST_HEAP_BUFFER: libc::c_int = 32 << 20;

/// Stops glibc from giving memory back after every step only to ask for it again in the next.
///
/// A step allocates and frees a hundred megabytes; by default most of that is returned to the
/// system and costs a page fault for every 4 KiB when it is next touched. Other systems'
/// allocators are left as they are.
pub(crate) fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: `mallopt` takes two numbers and locks its state; a value that it refuses changes
        // nothing.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST_HEAP_BUFFER) };
        // SAFETY: as above.
        unsafe { libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX) };
    }
}
