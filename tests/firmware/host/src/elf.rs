//! Reads sizes and symbols from a 32-bit little-endian ELF file.

use anyhow::{Context, Result, ensure};
use std::path::Path;

/// Sizes and symbols of a firmware.
#[derive(Debug)]
pub struct Elf {
    /// Bytes that are stored: code, constants and initial values.
    pub flash: usize,
    /// Bytes of static memory.
    pub ram: usize,
    /// Names of symbols, mangled.
    pub symbols: Vec<String>,
    /// Bytes of `flash` that are functions and tables of the firmware itself and of its start-up code.
    pub own: usize,
    /// Bytes of the largest stack frame of a function, as the compiler reports it.
    pub largest_frame: Option<usize>,
}

const LOAD: u32 = 1;
const WRITABLE: u32 = 2;
const SYMBOL_TABLE: u32 = 2;
/// Kind of a symbol.
const FUNCTION: u8 = 2;
/// Tables of start-up code for Cortex-M.
const VECTORS: [&str; 3] = ["__INTERRUPTS", "__EXCEPTIONS", "__RESET_VECTOR"];

impl Elf {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
        ensure!(bytes.starts_with(b"\x7fELF\x01\x01"), "{}: not a 32-bit ELF", path.display());
        Self::parse(&bytes).with_context(|| format!("{} is cut off", path.display()))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut elf = Self { flash: 0, ram: 0, symbols: Vec::new(), own: 0, largest_frame: None };
        let (segments, sections) = (word(bytes, 28)?, word(bytes, 32)?);
        for index in 0..half(bytes, 44)? {
            let at = segments + index * half(bytes, 42)?;
            if word(bytes, at)? as u32 != LOAD {
                continue;
            }
            let (in_file, in_memory) = (word(bytes, at + 16)?, word(bytes, at + 20)?);
            elf.flash += in_file;
            if word(bytes, at + 24)? as u32 & WRITABLE != 0 {
                elf.ram += in_memory;
            }
        }
        let names = sections + half(bytes, 50)? * half(bytes, 46)?;
        let names = word(bytes, names + 16)?;
        for index in 0..half(bytes, 48)? {
            let at = sections + index * half(bytes, 46)?;
            if bytes.get(names + word(bytes, at)?..)?.starts_with(b".stack_sizes\0") {
                let (offset, size) = (word(bytes, at + 16)?, word(bytes, at + 20)?);
                elf.largest_frame = largest_frame(bytes.get(offset..offset + size)?);
            }
            if word(bytes, at + 4)? as u32 == SYMBOL_TABLE {
                elf.read_symbols(bytes, at, sections)?;
            }
        }
        Some(elf)
    }

    fn read_symbols(&mut self, bytes: &[u8], section: usize, sections: usize) -> Option<()> {
        let (offset, size) = (word(bytes, section + 16)?, word(bytes, section + 20)?);
        let names = sections + word(bytes, section + 24)? * half(bytes, 46)?;
        let names = word(bytes, names + 16)?;
        for symbol in (offset..offset + size).step_by(16) {
            let name = bytes.get(names + word(bytes, symbol)?..)?;
            let len = name.iter().position(|&byte| byte == 0)?;
            let name = String::from_utf8_lossy(name.get(..len)?).into_owned();
            let size = word(bytes, symbol + 8)?;
            // Objects are static memory, except the tables of vectors.
            let function = bytes.get(symbol + 12)? & 15 == FUNCTION;
            if is_own(&name) && (function || VECTORS.contains(&name.as_str())) {
                self.own += size;
            }
            self.symbols.push(name);
        }
        Some(())
    }

    /// Symbols that a firmware without panics, heap and floats does not have.
    pub fn unwanted(&self) -> Vec<&str> {
        let panics = ["panicking", "_fail", "unwrap_failed", "__rust_alloc", "__rdl_alloc"];
        self.symbols
            .iter()
            .map(String::as_str)
            .filter(|name| panics.iter().any(|part| name.contains(part)) || is_float(name))
            .collect()
    }
}

/// Whether a symbol belongs to the firmware: to its crates, or to the start-up code, whose names are not
/// mangled. Functions that the firmware and the runtime both call, such as `memcpy`, count as the runtime's.
fn is_own(name: &str) -> bool {
    const START: [&str; 6] =
        ["Reset", "main", "_start", "HardFault", "_HardFault", "DefaultHandler_"];
    // The symbol of a generic function's instance also names the crate that uses the instance.
    let runtime = name.contains("7runtime");
    let own =
        ["8firmware", "8classify", "6camera", "3kit"].iter().any(|krate| name.contains(krate));
    name.starts_with("_R") && own && !runtime || START.contains(&name) || VECTORS.contains(&name)
}

/// Whether a symbol is a function of a float library: `__aeabi_fadd`, `__muldf3`.
fn is_float(name: &str) -> bool {
    if let Some(name) = name.strip_prefix("__aeabi_") {
        return name.starts_with(['f', 'd']) || name.ends_with("2f") || name.ends_with("2d");
    }
    name.starts_with("__") && (name.contains("sf") || name.contains("df"))
}

/// The largest entry of a section that `-Zemit-stack-sizes` makes: addresses of four bytes, each with
/// a size in LEB128.
fn largest_frame(mut section: &[u8]) -> Option<usize> {
    let mut largest = None;
    while let Some((_, rest)) = section.split_at_checked(4) {
        let last = rest.iter().position(|byte| byte & 0x80 == 0)?;
        let (size, others) = rest.split_at_checked(last + 1)?;
        let size = size.iter().rev().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7F));
        (largest, section) = (largest.max(Some(size)), others);
    }
    largest
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?;
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_to_the_last() {
        let section = [0, 1, 2, 3, 8, 0, 0, 0, 0, 0xB0, 0x31, 9, 9, 9, 9, 0];
        assert_eq!(largest_frame(&section), Some(0x30 + (0x31 << 7)));
        assert_eq!(largest_frame(&[]), None);
        assert_eq!(largest_frame(&[0, 0, 0, 0, 0x80]), None, "cut off");
    }

    #[test]
    fn firmware_and_runtime_are_distinguished() {
        let run = "_RNvMs0_NtCs1_7runtime5modelINtB5_5ModelNtB7_4Int8E3runCs2_8classify";
        assert!(!is_own(run), "an instance for the firmware");
        assert!(is_own("_RNvCs2_8classify3run"), "the firmware's own");
        assert!(is_own("Reset") && !is_own("memcpy"), "start-up code, library");
    }

    #[test]
    fn float_functions_are_recognised() {
        for name in ["__aeabi_fadd", "__aeabi_dmul", "__aeabi_i2f", "__muldf3", "__fixsfsi"] {
            assert!(is_float(name), "{name}");
        }
        for name in ["__aeabi_uidiv", "__aeabi_lmul", "__aeabi_memcpy", "__sbss", "main"] {
            assert!(!is_float(name), "{name}");
        }
    }
}
