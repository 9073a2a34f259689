//! What the chip runs before the program: 256 bytes that switch on the reading of the flash.

#[used]
#[unsafe(link_section = ".boot2")]
static BOOT2: [u8; 256] = rp2040_boot2::BOOT_LOADER_GENERIC_03H;
