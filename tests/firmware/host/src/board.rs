//! The boards that the emulator provides.

use crate::preset::Blob;
use crate::program::Program;

/// One board.
#[derive(Debug)]
pub struct Board {
    /// Its name.
    pub name: &'static str,
    /// Its memory map in `boards`.
    pub map: &'static str,
    /// Its processor.
    pub core: &'static str,
    /// The compiler's name of its instruction set (target triple).
    pub target: &'static str,
    /// The compiler's name of its processor, if the processor has more instructions than the target.
    pub cpu: Option<&'static str>,
    /// Emulator and machine.
    pub machine: (&'static str, &'static [&'static str]),
    /// The blobs that fit into its memory.
    pub blobs: &'static [Blob],
    /// The blobs that classify rows of a camera.
    pub camera: &'static [Blob],
    /// The blob that makes fingerprints for the programs of `known`.
    pub known: Blob,
    /// Number of entries of the index that these programs search.
    pub entries: usize,
    /// Whether the operands of the comparison of kernels, 88 KiB, fit into its memory.
    pub compares: bool,
}

const ARM: &str = "qemu-system-arm";

impl Board {
    /// Every board.
    pub const ALL: [Self; 8] = [
        Self {
            name: "mps2-an386",
            map: "mps2",
            core: "Cortex-M4F",
            target: "thumbv7em-none-eabihf",
            cpu: None,
            machine: (ARM, &["-M", "mps2-an386"]),
            blobs: &[Blob::Nano, Blob::Micro, Blob::Compact],
            camera: &[Blob::Micro, Blob::Micro96],
            known: Blob::Nano,
            entries: 1000,
            compares: true,
        },
        Self {
            name: "mps2-an500",
            map: "mps2",
            core: "Cortex-M7",
            target: "thumbv7em-none-eabihf",
            cpu: None,
            machine: (ARM, &["-M", "mps2-an500"]),
            blobs: &[Blob::Micro, Blob::Compact],
            camera: &[],
            known: Blob::Nano,
            entries: 1000,
            compares: true,
        },
        Self {
            name: "netduinoplus2",
            map: "netduinoplus2",
            core: "Cortex-M4F",
            target: "thumbv7em-none-eabihf",
            cpu: None,
            machine: (ARM, &["-M", "netduinoplus2"]),
            blobs: &[Blob::Micro, Blob::Compact],
            camera: &[],
            known: Blob::Nano,
            entries: 1000,
            compares: true,
        },
        // Code for Armv6-M on a larger processor, because no machine with a Cortex-M0 has the memory.
        Self {
            name: "mps2-armv6m",
            map: "mps2",
            core: "Armv6-M",
            target: "thumbv6m-none-eabi",
            cpu: None,
            machine: (ARM, &["-M", "mps2-an386"]),
            blobs: &[Blob::Micro],
            camera: &[],
            known: Blob::Nano,
            entries: 1000,
            compares: true,
        },
        Self {
            name: "mps2-an505",
            map: "mps2-an505",
            core: "Cortex-M33",
            target: "thumbv8m.main-none-eabihf",
            cpu: Some("cortex-m33"),
            machine: (ARM, &["-M", "mps2-an505"]),
            blobs: &[Blob::Micro],
            camera: &[],
            known: Blob::Nano,
            entries: 1000,
            compares: true,
        },
        Self {
            name: "mps3-an547",
            map: "mps3-an547",
            core: "Cortex-M55",
            target: "thumbv8m.main-none-eabihf",
            cpu: Some("cortex-m55"),
            machine: (ARM, &["-M", "mps3-an547"]),
            blobs: &[Blob::Micro],
            camera: &[],
            known: Blob::Nano,
            entries: 1000,
            compares: true,
        },
        Self {
            name: "microbit",
            map: "microbit",
            core: "Cortex-M0",
            target: "thumbv6m-none-eabi",
            cpu: None,
            machine: (ARM, &["-M", "microbit"]),
            blobs: &[Blob::Tiny],
            camera: &[],
            known: Blob::TinyDescribed,
            entries: 500,
            compares: false,
        },
        Self {
            name: "riscv32-virt",
            map: "riscv32-virt",
            core: "RV32IMAC",
            target: "riscv32imac-unknown-none-elf",
            cpu: None,
            machine: ("qemu-system-riscv32", &["-M", "virt", "-bios", "none"]),
            blobs: &[Blob::Micro],
            camera: &[],
            known: Blob::Nano,
            entries: 1000,
            compares: true,
        },
    ];

    /// The blobs that a program runs.
    pub const fn blobs(&self, program: Program) -> &'static [Blob] {
        match program {
            Program::Classify => self.blobs,
            Program::Camera => self.camera,
        }
    }

    /// Whether the processor has a floating-point unit. The names of targets that use one end with `hf`.
    pub fn has_floats(&self) -> bool {
        self.target.ends_with("hf")
    }

    /// The board of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        const BOARDS: &[Board] = &Board::ALL;
        BOARDS.iter().find(|board| board.name == name)
    }
}
