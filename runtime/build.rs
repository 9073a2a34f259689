//! Sets conditions for properties of the target that the sources cannot test with one `cfg`, or not at all:
//!
//! | condition | the target has |
//! |---|---|
//! | `vector_target` | vectors, and a stack for loops over them: x86-64, AArch64 with NEON, WebAssembly with `simd128` |
//! | `widened_target` | vectors, but no set that is always the better one: x86-64. `generic` has loops for them |
//! | `lanes_target` | kernels for vectors of 128 bits: AArch64 with NEON, WebAssembly with `simd128` |
//! | `cortex_m_dsp` | the DSP extension of Cortex-M |
//! | `cortex_m_mve` | the vector extension of Cortex-M |
//! | `word_target` | no vectors and no DSP extension: RISC-V with 32 bits and multiplication, Armv6-M |
//! | `upper_word` | `cortex_m_dsp` or `word_target`: kernels rescale by the upper word of a product |
//!
//! Stable compilers do not tell crates about the target features `dsp` and `mve`. Armv7E-M always has the
//! DSP extension. Armv8-M has an extension if the flags name a processor that has it; the same flags let
//! the assembler accept its instructions. The vector extension shares its registers with the floating-point
//! unit, which start-up code turns on for `eabihf` targets.

use std::env;

/// Processors of Armv8-M whose definition in the compiler includes the DSP extension.
const DSP_PROCESSORS: [&str; 5] =
    ["cortex-m33", "cortex-m35p", "cortex-m52", "cortex-m55", "cortex-m85"];
/// Processors of Armv8-M whose definition in the compiler includes the vector extension.
const MVE_PROCESSORS: [&str; 3] = ["cortex-m52", "cortex-m55", "cortex-m85"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(vector_target, lanes_target, cortex_m_dsp, cortex_m_mve)");
    println!("cargo::rustc-check-cfg=cfg(widened_target, word_target, upper_word)");
    let variable = |name| env::var(name).unwrap_or_default();
    let architecture = variable("CARGO_CFG_TARGET_ARCH");
    let features = variable("CARGO_CFG_TARGET_FEATURE");
    let has = |name| features.split(',').any(|feature| feature == name);
    let lanes = has("simd128") || architecture == "aarch64" && has("neon");
    let widened = architecture == "x86_64";
    if lanes {
        println!("cargo::rustc-cfg=lanes_target");
    }
    if widened {
        println!("cargo::rustc-cfg=widened_target");
    }
    if lanes || widened {
        println!("cargo::rustc-cfg=vector_target");
    }
    let target = variable("TARGET");
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    let words: Vec<_> = flags.split(['\u{1f}', '=', ',']).collect();
    let armv8m = target.starts_with("thumbv8m.main");
    let dsp = words.iter().any(|&word| word == "+dsp" || DSP_PROCESSORS.contains(&word));
    if target.starts_with("thumbv7em") || armv8m && dsp {
        println!("cargo::rustc-cfg=cortex_m_dsp");
        println!("cargo::rustc-cfg=upper_word");
    }
    if architecture == "riscv32" && has("m") || target.starts_with("thumbv6m") {
        println!("cargo::rustc-cfg=word_target");
        println!("cargo::rustc-cfg=upper_word");
    }
    let mve = words.iter().any(|word| MVE_PROCESSORS.contains(word));
    if armv8m && target.ends_with("hf") && mve && !words.contains(&"-mve") {
        println!("cargo::rustc-cfg=cortex_m_mve");
    }
}
