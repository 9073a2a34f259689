//! Products of tiles with AMX.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::sync::OnceLock;

use super::tile::{BLOCK, Block, LANES, Tile};

/// Bytes of a row of a tile.
const ROW: usize = 64;
/// Tile registers.
const TILES: usize = 8;

/// The form of the eight tile registers: 16 rows of 64 bytes each.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIG: Config = Config {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: {
        let mut row_bytes = [0; 16];
        row_bytes
            .first_chunk_mut::<TILES>()
            .expect("16 places")
            .copy_from_slice(&[ROW as u16; TILES]);
        row_bytes
    },
    rows: {
        let mut rows = [0; 16];
        rows.first_chunk_mut::<TILES>().expect("16 places").copy_from_slice(&[LANES as u8; TILES]);
        rows
    },
};

/// Whether the processor has AMX for bf16, and the system lets this process use it.
pub(super) fn is_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| has_instructions() && is_permitted())
}

fn has_instructions() -> bool {
    // Bits 22 and 24 of EDX of leaf 7: AMX-BF16 and AMX-TILE.
    const BF16_AND_TILES: u32 = 1 << 22 | 1 << 24;
    // Bits 17 and 18 of XCR0: the system saves the configuration of tiles and their values.
    const SAVED: u64 = 3 << 17;
    if !std::arch::is_x86_feature_detected!("xsave") {
        return false;
    }
    #[target_feature(enable = "xsave")]
    fn saved_state() -> u64 {
        // SAFETY: the caller checked that the instruction exists; register 0 always does.
        unsafe { _xgetbv(0) }
    }
    let leaf = if __cpuid(0).eax < 7 { 0 } else { __cpuid_count(7, 0).edx };
    // SAFETY: the processor has XSAVE, as checked above.
    leaf & BF16_AND_TILES == BF16_AND_TILES && unsafe { saved_state() } & SAVED == SAVED
}

/// Asks Linux for the permission to use tiles, which a process needs once.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_PRCTL: u64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XFEATURE_XTILEDATA: u64 = 18;
    let result: u64;
    // SAFETY: this system call only grants the permission or returns an error. It writes no memory of the process.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

/// The time in which this thread uses tiles. Other code may use them before and after it.
pub(super) struct Session(());

impl Session {
    /// # Panics
    /// If the processor has no AMX.
    pub(super) fn begin() -> Self {
        assert!(is_available(), "only called where AMX is available");
        // SAFETY: the processor has AMX, and `CONFIG` is a valid configuration of 64 bytes.
        unsafe {
            asm!("ldtilecfg [{config}]", config = in(reg) &raw const CONFIG, options(nostack, readonly));
        }
        Self(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: `begin` checked that the processor has AMX.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}

/// Multiplies two panels of rows by two panels of columns. A session must have begun in this thread; without one, the
/// processor stops the program.
pub(super) fn multiply(a: &[Tile], b: &[Tile], block: &mut Block) {
    let count = a.len() / 2;
    assert!(count > 0 && b.len() == a.len(), "two panels of as many tiles");
    let (a_0, a_1) = a.split_at(count);
    let (b_0, b_1) = b.split_at(count);
    let right = LANES * size_of::<f32>();
    let row = BLOCK * size_of::<f32>();
    // SAFETY: each of the four panels has `count` tiles of 1,024 bytes, which the loop reads once. The four stores
    // write the four quarters of `block`, which is borrowed exclusively. The tile registers are declared as changed.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a_0} + {stride}]",
            "tileloadd tmm6, [{b_0} + {stride}]",
            "tileloadd tmm7, [{b_1} + {stride}]",
            "tileloadd tmm5, [{a_1} + {stride}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a_0}, 1024",
            "add {a_1}, 1024",
            "add {b_0}, 1024",
            "add {b_1}, 1024",
            "sub {count}, 1",
            "jnz 2b",
            "tilestored [{out} + {row}], tmm0",
            "tilestored [{out_right} + {row}], tmm1",
            "tilestored [{out_low} + {row}], tmm2",
            "tilestored [{out_last} + {row}], tmm3",
            a_0 = inout(reg) a_0.as_ptr() => _,
            a_1 = inout(reg) a_1.as_ptr() => _,
            b_0 = inout(reg) b_0.as_ptr() => _,
            b_1 = inout(reg) b_1.as_ptr() => _,
            count = inout(reg) count => _,
            stride = in(reg) ROW,
            row = in(reg) row,
            out = in(reg) block.0.as_mut_ptr(),
            out_right = in(reg) block.0.as_mut_ptr().wrapping_byte_add(right),
            out_low = in(reg) block.0.as_mut_ptr().wrapping_byte_add(LANES * row),
            out_last = in(reg) block.0.as_mut_ptr().wrapping_byte_add(LANES * row + right),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
