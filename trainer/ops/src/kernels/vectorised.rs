//! Functions that are compiled for every processor, and again for AVX2 and AVX-512.

/// Defines functions that are also compiled for AVX2 and AVX-512 and use the best set of the processor.
///
/// The compiler turns their loops into vector instructions of the enabled set. Functions that a body calls
/// must be `#[inline(always)]`, or else they are compiled for the smaller set. A closure cannot have this
/// attribute, so bodies have no closures. Products and sums are not written as `mul_add`, so that results
/// do not depend on the processor and no processor must emulate it.
macro_rules! vectorised {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    )*) => {$(
        $(#[$attribute])*
        $visibility fn $name($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn body($($argument: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn widest($($argument: $type),*) $(-> $result)? {
                    body($($argument),*)
                }
                #[target_feature(enable = "avx2")]
                fn wide($($argument: $type),*) $(-> $result)? {
                    body($($argument),*)
                }
                if $crate::kernels::vectorised::has_avx512() {
                    // SAFETY: the processor has the features that `widest` needs.
                    return unsafe { widest($($argument),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has the only feature that `wide` needs.
                    return unsafe { wide($($argument),*) };
                }
            }
            body($($argument),*)
        }
    )*};
}

/// Whether this processor has the AVX-512 subsets that all processors with AVX-512 except the first have.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx512() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl")
}

pub(crate) use vectorised;
