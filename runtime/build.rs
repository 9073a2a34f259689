//! Says whether the target is sure to have the DSP extension of Cortex-M, and the vector extension.
//!
//! Stable compilers do not tell crates of these target features. Armv7E-M has the first always,
//! Armv8-M where the flags name a processor with it: the same flags let the assembler accept its
//! instructions. The vector extension shares its registers with the floating-point unit, which
//! start-up code turns on for `eabihf` targets.

use std::env;

/// Processors of Armv8-M whose definition in the compiler includes the DSP extension.
const DSP_PROCESSORS: [&str; 5] =
    ["cortex-m33", "cortex-m35p", "cortex-m52", "cortex-m55", "cortex-m85"];
/// Those whose definition includes the vector extension.
const MVE_PROCESSORS: [&str; 3] = ["cortex-m52", "cortex-m55", "cortex-m85"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(cortex_m_dsp, cortex_m_mve)");
    let target = env::var("TARGET").unwrap_or_default();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let words: Vec<_> = flags.split(['\u{1f}', '=', ',']).collect();
    let armv8m = target.starts_with("thumbv8m.main");
    let dsp = words.iter().any(|&word| word == "+dsp" || DSP_PROCESSORS.contains(&word));
    if target.starts_with("thumbv7em") || armv8m && dsp {
        println!("cargo::rustc-cfg=cortex_m_dsp");
    }
    let mve = words.iter().any(|word| MVE_PROCESSORS.contains(word));
    if armv8m && target.ends_with("hf") && mve && !words.contains(&"-mve") {
        println!("cargo::rustc-cfg=cortex_m_mve");
    }
}
