//! Says whether the target is sure to have the DSP extension of Cortex-M.
//!
//! Stable compilers do not tell crates of that target feature. Armv7E-M has it always, Armv8-M
//! where the flags name a processor with it: the same flags let the assembler accept its
//! instructions.

use std::env;

/// Processors of Armv8-M whose definition in the compiler includes the extension.
const PROCESSORS: [&str; 5] =
    ["cortex-m33", "cortex-m35p", "cortex-m52", "cortex-m55", "cortex-m85"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(cortex_m_dsp)");
    let target = env::var("TARGET").unwrap_or_default();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let mut words = flags.split(['\u{1f}', '=', ',']);
    let named = words.any(|word| word == "+dsp" || PROCESSORS.contains(&word));
    if target.starts_with("thumbv7em") || target.starts_with("thumbv8m.main") && named {
        println!("cargo::rustc-cfg=cortex_m_dsp");
    }
}
