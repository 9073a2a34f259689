//! The precision of the factors of matrix products.

use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(target_arch = "x86_64")]
use super::bf16::Unit;

/// Number of [`Bf16Products`] that exist.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// While a value of this type exists, the fused operations of all threads round the factors of large matrix products
/// to bf16. They sum the products in f32. On other processors than those of [`are_used`](Self::are_used), products stay in f32.
#[derive(Debug)]
pub struct Bf16Products(());

impl Bf16Products {
    /// Begins to use bf16.
    #[must_use]
    pub fn begin() -> Self {
        COUNT.fetch_add(1, Ordering::Relaxed);
        Self(())
    }

    /// Whether this processor uses such products: it has AMX, or it is AMD's and has AVX-512 with bf16.
    #[must_use]
    pub fn are_used() -> bool {
        #[cfg(target_arch = "x86_64")]
        return Unit::best().is_some();
        #[cfg(not(target_arch = "x86_64"))]
        false
    }
}

impl Drop for Bf16Products {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The unit that multiplies factors in bf16; `None` where they stay in f32.
#[cfg(target_arch = "x86_64")]
pub(super) fn unit() -> Option<Unit> {
    if COUNT.load(Ordering::Relaxed) > 0 { Unit::best() } else { None }
}
