//! Functions compiled twice: for any processor, and for the vector instructions of most.

/// Defines functions that run with AVX2 where the processor has it, and as they stand elsewhere.
///
/// The compiler turns their loops into vector instructions of whichever set is enabled. What a
/// body calls must be `#[inline(always)]`, or it is compiled for the smaller set; a closure cannot
/// be, so bodies have none. Products and sums are written as such, not as `mul_add`: results do not
/// depend on the processor, and none has to emulate it.
macro_rules! vectorised {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    )*) => {$(
        $(#[$attribute])*
        fn $name($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn body($($argument: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($argument: $type),*) $(-> $result)? {
                    body($($argument),*)
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

pub(in crate::ops) use vectorised;
