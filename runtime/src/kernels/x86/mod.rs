//! Kernel sets for x86-64, and which of them this processor runs.
//!
//! | set | needs | products |
//! |---|---|---|
//! | `sse2` | nothing more than the architecture | `pmaddwd` on values widened to i16 |
//! | `avx2` | AVX2 | `vpmaddwd` on values widened to i16 |
//! | `avx_vnni` | AVX2 and AVX-VNNI, or AVX2 and AVX-512 F, VL, VNNI | `vpdpbusd` on `x + 128`, minus `128 · Σw` |
//! | `avx512_vnni` | AVX-512 F, BW, CD, VL, VNNI, VBMI | `vpdpbusd` on `x + 128`, minus `128 · Σw` |
//! | `amx_int8` | the same, AMX-INT8, and Linux | `tdpbusd` on the same operands, in linear layers |
//!
//! None of these saturates: `vpmaddwd` adds two products of at most `2^14`; `vpdpbusd` and `tdpbusd` wrap
//! modulo `2^32`, and the true sum fits i32. The saturating `vpmaddubsw` and `vpdpbusds` are not used.
//!
//! Only [`sets`] returns a set, and only if the processor has the instructions of the set.

#[cfg(target_os = "linux")]
mod amx;
mod avx2;
mod avx512;
#[cfg(feature = "f16")]
mod f16;
mod sse2;

#[cfg(feature = "f16")]
pub(super) use f16::sets as f16_sets;

use crate::kernels::set::Kernels;
use core::arch::x86_64::{__cpuid_count, _xgetbv, CpuidResult};

// The compiler would break off with an error that does not say why.
#[cfg(not(target_feature = "sse2"))]
compile_error!(
    "the kernels for x86-64 need SSE2, which targets such as x86_64-unknown-none do not have"
);

/// The sets that this processor and operating system run, slowest first.
pub(super) fn sets() -> impl Iterator<Item = &'static Kernels> {
    let features = Features::detect();
    let avx2 = features.avx2.then_some(&avx2::KERNELS);
    let avx512 = features.avx512_vnni.then_some(&avx512::KERNELS);
    let vnni = match features.vnni {
        Some(Encoding::Vex) => Some(&avx2::AVX_VNNI),
        Some(Encoding::Evex) => Some(&avx2::AVX_VNNI_EVEX),
        None => None,
    };
    let amx = (features.avx512_vnni && features.amx_int8).then_some(&avx512::AMX);
    core::iter::once(&sse2::KERNELS).chain(avx2).chain(vnni).chain(avx512).chain(amx)
}

/// What CPUID and XGETBV report. `core` has no detection of its own.
#[derive(Clone, Copy, Debug)]
struct Features {
    avx2: bool,
    /// `vpdpbusd` on vectors of 256 bits.
    vnni: Option<Encoding>,
    avx512_vnni: bool,
    /// AMX-INT8, which the operating system has permitted.
    amx_int8: bool,
    #[cfg(feature = "f16")]
    f16c: bool,
    #[cfg(feature = "f16")]
    avx512f: bool,
}

/// Encodings of an instruction on vectors of 256 bits.
#[derive(Clone, Copy, Debug)]
enum Encoding {
    /// The encoding of AVX.
    Vex,
    /// The encoding of AVX-512 VL.
    Evex,
}

impl Features {
    fn detect() -> Self {
        const OSXSAVE: u32 = 1 << 27;
        const AVX2: u32 = 1 << 5;
        // Leaf 7: AVX-512 F (ebx 16), CD (ebx 28), BW (ebx 30), VL (ebx 31); VBMI (ecx 1), VNNI (ecx 11).
        const AVX512_EBX: u32 = 1 << 16 | 1 << 28 | 1 << 30 | 1 << 31;
        const AVX512_ECX: u32 = 1 << 1 | 1 << 11;
        // A part of these: F, VL and VNNI.
        const EVEX_EBX: u32 = 1 << 16 | 1 << 31;
        const EVEX_ECX: u32 = 1 << 11;
        // Leaf 7, part 1.
        const AVX_VNNI: u32 = 1 << 4;
        // XCR0: SSE and AVX state; with AVX-512, also its masks and upper halves.
        const YMM: u64 = 0b110;
        const ZMM: u64 = 0b1110_0110;
        // Leaf 7: AMX-TILE (edx 24), AMX-INT8 (edx 25). XCR0: configuration and contents of tiles.
        const AMX_EDX: u32 = 1 << 24 | 1 << 25;
        const TILES: u64 = 0b11 << 17;
        #[cfg(feature = "f16")]
        const F16C: u32 = 1 << 29;
        let none = Self {
            avx2: false,
            vnni: None,
            avx512_vnni: false,
            amx_int8: false,
            #[cfg(feature = "f16")]
            f16c: false,
            #[cfg(feature = "f16")]
            avx512f: false,
        };
        if cpuid(0, 0).eax < 7 || cpuid(1, 0).ecx & OSXSAVE == 0 {
            return none;
        }
        // SAFETY: OSXSAVE says that the operating system enabled XGETBV.
        let state = unsafe { xcr0() };
        let leaf = cpuid(7, 0);
        let avx2 = state & YMM == YMM && leaf.ebx & AVX2 != 0;
        let avx512 =
            |ebx, ecx| avx2 && state & ZMM == ZMM && leaf.ebx & ebx == ebx && leaf.ecx & ecx == ecx;
        // The highest part of leaf 7 is in `eax` of its part 0.
        let vex = avx2 && leaf.eax >= 1 && cpuid(7, 1).eax & AVX_VNNI != 0;
        let vnni = match (vex, avx512(EVEX_EBX, EVEX_ECX)) {
            (true, _) => Some(Encoding::Vex),
            (false, true) => Some(Encoding::Evex),
            (false, false) => None,
        };
        Self {
            avx2,
            vnni,
            avx512_vnni: avx512(AVX512_EBX, AVX512_ECX),
            amx_int8: state & TILES == TILES && leaf.edx & AMX_EDX == AMX_EDX && amx_permitted(),
            #[cfg(feature = "f16")]
            f16c: avx2 && cpuid(1, 0).ecx & F16C != 0,
            #[cfg(feature = "f16")]
            avx512f: avx512(1 << 16, 0),
        }
    }
}

/// Whether the operating system lets this process use AMX. Linux must be asked. How other systems decide is
/// not known here.
fn amx_permitted() -> bool {
    #[cfg(target_os = "linux")]
    return amx::request();
    #[cfg(not(target_os = "linux"))]
    return false;
}

/// What CPUID reports for a part of a leaf.
fn cpuid(leaf: u32, part: u32) -> CpuidResult {
    #[allow(unused_unsafe, reason = "a function without conditions in new compilers, not in 1.92")]
    // SAFETY: every x86-64 processor has CPUID.
    unsafe {
        __cpuid_count(leaf, part)
    }
}

/// The register XCR0.
///
/// # Safety
/// The processor must support XSAVE and the operating system must have enabled it.
#[target_feature(enable = "xsave")]
unsafe fn xcr0() -> u64 {
    // SAFETY: the caller's promise is XGETBV's own condition.
    unsafe { _xgetbv(0) }
}
