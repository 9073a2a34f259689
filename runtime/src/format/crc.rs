//! CRC-32 (ISO HDLC, reflected polynomial `EDB88320`) half a byte at a time, with a table of 64 bytes. The
//! usual table takes a kilobyte, a thirtieth of a small device's program.

/// Remainders of the sixteen half bytes.
const TABLE: [u32; 16] = table();

const fn table() -> [u32; 16] {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let mut table = [0; 16];
    let mut rest: &mut [u32] = &mut table;
    let mut index = 0;
    while let Some((entry, others)) = rest.split_first_mut() {
        *entry = index;
        let mut bit = 0;
        while bit < 4 {
            *entry = (*entry >> 1) ^ (POLYNOMIAL * (*entry & 1));
            bit += 1;
        }
        rest = others;
        index += 1;
    }
    table
}

/// The checksum of some bytes one after another.
pub(super) fn crc32(parts: &[&[u8]]) -> u32 {
    !parts.iter().copied().flatten().fold(!0, |crc, &byte| half(half(crc ^ u32::from(byte))))
}

fn half(crc: u32) -> u32 {
    // The look-up cannot miss: four bits index 16 entries.
    (crc >> 4) ^ TABLE.get(crc as usize & 15).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue_holds() {
        assert_eq!(crc32(&[b"12345", b"", b"6789"]), 0xCBF4_3926, "CRC-32/ISO-HDLC");
        assert_eq!(crc32(&[]), 0, "no bytes");
    }
}
