//! Functions compiled for any processor, and for the vector instructions of most.

/// Defines functions that run with AVX-512 or AVX2 where the processor has it, and as they stand
/// elsewhere.
///
/// The compiler turns their loops into vector instructions of whichever set is enabled. What a
/// body calls must be `#[inline(always)]`, or it is compiled for the smaller set; a closure cannot
/// be, so bodies have none. Products and sums are written as such, not as `mul_add`: results do not
/// depend on the processor, and none has to emulate it.
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
                if $crate::ops::kernels::vectorised::has_avx512() {
                    // SAFETY: the processor has the features that `widest` asks for.
                    return unsafe { widest($($argument),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has the only feature that `wide` asks for.
                    return unsafe { wide($($argument),*) };
                }
            }
            body($($argument),*)
        }
    )*};
}

/// Whether this processor has the parts of AVX-512 that all with AVX-512 have but the first.
#[cfg(target_arch = "x86_64")]
pub(in crate::ops) fn has_avx512() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl")
}

pub(in crate::ops) use vectorised;
