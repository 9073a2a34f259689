//! Products of tiles with AMX.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::sync::OnceLock;

use runtime::Kernels;

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

/// Whether the processor has AMX for bf16, and the system lets this process use tiles. The runtime lists its set for
/// AMX only after it has asked the system.
pub(super) fn is_available() -> bool {
    // Leaf 7, EDX.
    const AMX_BF16: u32 = 1 << 22;
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        Kernels::all().any(|set| set.name == "amx_int8") && __cpuid_count(7, 0).edx & AMX_BF16 != 0
    })
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
