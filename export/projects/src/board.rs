//! Boards: their processor, their memory, and how to start a program on them.

use std::fmt;

/// A board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name.
    pub name: &'static str,
    /// Its processor.
    pub core: &'static str,
    /// The compiler's name of its instruction set (target triple).
    pub target: &'static str,
    /// The compiler's name of its processor, if the processor has more instructions than the target.
    pub cpu: Option<&'static str>,
    /// The linker's map of its memory. On RISC-V, it is a complete script.
    pub map: &'static str,
    /// How a program starts on it.
    pub runner: Runner,
    /// What the chip needs in flash before it starts a program.
    pub boot: Boot,
}

/// How a program starts on a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// With probe-rs, which knows the chip by this name.
    Probe(&'static str),
    /// In QEMU: the command, and the options that name the machine.
    Qemu(&'static str, &'static [&'static str]),
}

/// What a chip needs in flash before it starts a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// The vectors.
    Vectors,
    /// RP2040: a first program of 256 bytes.
    Rp2040,
    /// RP2350: a block that describes the program.
    Rp2350,
    /// RISC-V in QEMU: the first instruction.
    Instruction,
}

const ARM: &str = "qemu-system-arm";
const M4F: &str = "thumbv7em-none-eabihf";
const M33: &str = "thumbv8m.main-none-eabihf";

/// The map of an emulated board, which the firmware of the tests has as well.
macro_rules! emulated {
    ($name:literal) => {
        include_str!(concat!("../../../tests/firmware/boards/", $name, ".x"))
    };
}

/// The map of a board that the tests only build for.
macro_rules! real {
    ($name:literal) => {
        include_str!(concat!("../templates/firmware/boards/", $name, ".x"))
    };
}

impl Board {
    /// Every board; those that one can buy first.
    pub const ALL: [Self; 11] = [
        Self::cortex_m("nrf52840-dk", "Cortex-M4F", M4F, real!("nrf52840-dk"))
            .with_chip("nRF52840_xxAA", Boot::Vectors),
        Self::cortex_m("nucleo-f446re", "Cortex-M4F", M4F, real!("nucleo-f446re"))
            .with_chip("STM32F446RETx", Boot::Vectors),
        Self::cortex_m("pico", "Cortex-M0+", "thumbv6m-none-eabi", real!("pico"))
            .with_chip("RP2040", Boot::Rp2040),
        Self::cortex_m("pico2", "Cortex-M33", M33, real!("pico2"))
            .with_cpu("cortex-m33")
            .with_chip("RP235x", Boot::Rp2350),
        Self::cortex_m("mps2-an386", "Cortex-M4F", M4F, emulated!("mps2")),
        Self::cortex_m("mps2-an500", "Cortex-M7", M4F, emulated!("mps2"))
            .with_machine(&["-M", "mps2-an500"]),
        Self::cortex_m("netduinoplus2", "Cortex-M4F", M4F, emulated!("netduinoplus2"))
            .with_machine(&["-M", "netduinoplus2"]),
        Self::cortex_m("mps2-an505", "Cortex-M33", M33, emulated!("mps2-an505"))
            .with_machine(&["-M", "mps2-an505"])
            .with_cpu("cortex-m33"),
        Self::cortex_m("mps3-an547", "Cortex-M55", M33, emulated!("mps3-an547"))
            .with_machine(&["-M", "mps3-an547"])
            .with_cpu("cortex-m55"),
        Self::cortex_m("microbit", "Cortex-M0", "thumbv6m-none-eabi", emulated!("microbit"))
            .with_machine(&["-M", "microbit"]),
        Self {
            runner: Runner::Qemu("qemu-system-riscv32", &["-M", "virt", "-bios", "none"]),
            boot: Boot::Instruction,
            ..Self::cortex_m(
                "riscv32-virt",
                "RV32IMAC",
                "riscv32imac-unknown-none-elf",
                emulated!("riscv32-virt"),
            )
        },
    ];

    const fn cortex_m(
        name: &'static str,
        core: &'static str,
        target: &'static str,
        map: &'static str,
    ) -> Self {
        let runner = Runner::Qemu(ARM, &["-M", "mps2-an386"]);
        Self { name, core, target, cpu: None, map, runner, boot: Boot::Vectors }
    }

    const fn with_machine(mut self, machine: &'static [&'static str]) -> Self {
        self.runner = Runner::Qemu(ARM, machine);
        self
    }

    const fn with_cpu(mut self, cpu: &'static str) -> Self {
        self.cpu = Some(cpu);
        self
    }

    const fn with_chip(mut self, chip: &'static str, boot: Boot) -> Self {
        self.runner = Runner::Probe(chip);
        self.boot = boot;
        self
    }

    /// The board of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        const BOARDS: &[Board] = &Board::ALL;
        BOARDS.iter().find(|board| board.name == name)
    }

    /// Whether the board is emulated.
    pub const fn is_emulated(&self) -> bool {
        matches!(self.runner, Runner::Qemu(..))
    }

    /// Bytes of its flash.
    pub fn flash(&self) -> usize {
        self.region("FLASH")
    }

    /// Bytes of its RAM.
    pub fn ram(&self) -> usize {
        self.region("RAM")
    }

    /// Bytes of a region of the map. Only what begins a length counts, so a part that is cut off is not subtracted.
    fn region(&self, name: &str) -> usize {
        let line = self.map.lines().find(|line| line.trim_start().starts_with(name));
        let length = line.and_then(|line| line.split_once("LENGTH = "));
        let length = length.and_then(|(_, length)| length.split_whitespace().next()).unwrap_or("");
        let unit = match length.chars().last() {
            Some('K') => 1 << 10,
            Some('M') => 1 << 20,
            _ => 0,
        };
        length.trim_end_matches(['K', 'M']).parse::<usize>().unwrap_or(0) * unit
    }
}

/// A line about the board: name, processor, memory, how a program starts.
impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = match self.runner {
            Runner::Probe(chip) => format!("by probe-rs, as {chip}"),
            Runner::Qemu(..) => "in QEMU".to_owned(),
        };
        let kib = |bytes| bytes / 1024;
        write!(
            f,
            "{:<14} {:<11} {:>5} KiB flash, {:>4} KiB RAM, {runs}",
            self.name,
            self.core,
            kib(self.flash()),
            kib(self.ram())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_map_gives_the_memory() {
        for board in &Board::ALL {
            assert!(board.flash() >= 256 << 10, "{}: {}", board.name, board.flash());
            assert!(board.ram() >= 16 << 10, "{}: {}", board.name, board.ram());
            assert_eq!(Board::by_name(board.name), Some(board), "{}", board.name);
        }
        let board = Board::by_name("microbit").unwrap();
        assert_eq!((board.flash(), board.ram()), (256 << 10, 16 << 10), "a micro:bit");
        let board = Board::by_name("riscv32-virt").unwrap();
        assert_eq!((board.flash(), board.ram()), (4 << 20, 4 << 20), "with attributes");
    }
}
