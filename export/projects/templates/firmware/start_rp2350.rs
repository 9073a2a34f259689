//! What the chip looks for before it starts the program: the smallest block that describes a program for its Cortex-M33.

/// *RP2350 Datasheet*, "Minimum viable image metadata", "Minimum Arm IMAGE_DEF".
#[used]
#[unsafe(link_section = ".start_block")]
static BLOCK: [u32; 5] = [0xFFFF_DED3, 0x1021_0142, 0x0000_01FF, 0x0000_0000, 0xAB12_3579];
