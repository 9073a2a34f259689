//! Whether a network fits into the memory of a board.

use crate::board::Board;
use crate::network::Network;
use anyhow::{Result, ensure};

/// Bytes of flash that the program takes at most, without network and image. `tests/firmware/run` measures 30 KB
/// for the runtime and its caller; defmt and the `core` of rustup, which is built for speed, add to it.
const PROGRAM: usize = 40 << 10;

/// Bytes of RAM that the program takes at most beside arena and stack: the buffer of defmt.
const STATICS: usize = 2 << 10;

/// Memory that a firmware needs, in bytes, and that its board has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The network, in flash.
    pub blob: usize,
    /// The example, in flash.
    pub image: usize,
    /// The program, in flash, at most.
    pub program: usize,
    /// The arena, in RAM.
    pub arena: usize,
    /// The stack, in RAM, at most.
    pub stack: usize,
    /// Everything else in RAM, at most.
    pub statics: usize,
    /// Flash of the board.
    pub board_flash: usize,
    /// RAM of the board.
    pub board_ram: usize,
}

/// Bytes of stack that a run needs at most: the parsed model, and the values that the kernels widen to 16 bits.
/// `tests/firmware/run` measures up to 14,312 with the DSP extension, and 7,548 without.
pub(super) fn stack(board: &Board) -> usize {
    match board.target {
        "thumbv6m-none-eabi" | "riscv32imac-unknown-none-elf" => 8 << 10,
        _ => 16 << 10,
    }
}

impl Memory {
    pub(super) fn new(board: &Board, network: &Network<'_>) -> Self {
        Self {
            blob: network.blob.len(),
            image: network.image.len(),
            program: PROGRAM,
            arena: network.arena_len,
            stack: stack(board),
            statics: if board.is_emulated() { 0 } else { STATICS },
            board_flash: board.flash(),
            board_ram: board.ram(),
        }
    }

    /// Bytes of flash in all.
    pub const fn flash(&self) -> usize {
        self.blob + self.image + self.program
    }

    /// Bytes of RAM in all.
    pub const fn ram(&self) -> usize {
        self.arena + self.stack + self.statics
    }

    /// Refuses a network that needs more memory than the board has.
    ///
    /// # Errors
    /// If flash or RAM is too small. The error says what needs how much.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.flash() <= self.board_flash,
            "it needs up to {} bytes of flash (network {}, image {}, program {}), and the board has {}",
            self.flash(),
            self.blob,
            self.image,
            self.program,
            self.board_flash
        );
        ensure!(
            self.ram() <= self.board_ram,
            "it needs up to {} bytes of RAM (arena {}, stack {}, buffers {}), and the board has {}",
            self.ram(),
            self.arena,
            self.stack,
            self.statics,
            self.board_ram
        );
        Ok(())
    }
}
