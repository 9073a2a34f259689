//! Sends lines to the computer that debugs or emulates this board, without `core::fmt`.
//!
//! A product replaces this file by the driver of its UART.

use core::ffi::CStr;

const WRITE0: usize = 0x04;
const GET_COMMAND_LINE: usize = 0x15;
const EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x2_0026;

/// Writes a line: a name and a number in decimal.
pub fn number(name: &CStr, value: usize) {
    let mut digits = [0; 12];
    let mut rest = value;
    let mut at = digits.len() - 1;
    while let Some(slot) = digits.get_mut(at.wrapping_sub(1)) {
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
        at -= 1;
        if rest == 0 {
            break;
        }
    }
    line(name, digits.get(at..).unwrap_or(&[]));
}

/// Writes a line: a name and 16 hexadecimal digits.
pub fn hexadecimal(name: &CStr, value: u64) {
    let mut digits = [0; 17];
    for (at, digit) in digits.iter_mut().take(16).enumerate() {
        let nibble = (value >> (60 - 4 * at)) as u8 & 15;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
    }
    line(name, &digits);
}

/// Writes a line: a name and a text, of which the first 63 bytes are sent.
pub fn text(name: &CStr, value: &str) {
    let mut bytes = [0; 64];
    let room = bytes.len() - 1;
    bytes.iter_mut().zip(value.bytes().take(room)).for_each(|(to, byte)| *to = byte);
    line(name, &bytes);
}

/// The first number on the command line that the emulator passes on.
pub fn argument() -> Option<usize> {
    let mut line = [0u8; 256];
    let mut block = [line.as_mut_ptr() as usize, line.len()];
    if call(GET_COMMAND_LINE, block.as_mut_ptr() as usize) != 0 {
        return None;
    }
    let digits = line.iter().skip_while(|byte| !byte.is_ascii_digit());
    let digits = digits.take_while(|byte| byte.is_ascii_digit());
    digits.map(|digit| usize::from(digit - b'0')).reduce(|number, digit| 10 * number + digit)
}

/// Ends the emulation; 0 is success.
pub fn exit(status: usize) -> ! {
    let block = [APPLICATION_EXIT, status];
    loop {
        call(EXIT_EXTENDED, block.as_ptr() as usize);
    }
}

fn line(name: &CStr, value: &[u8]) {
    write(name);
    write(c" ");
    if let Ok(value) = CStr::from_bytes_until_nul(value) {
        write(value);
    }
    write(c"\n");
}

fn write(text: &CStr) {
    call(WRITE0, text.as_ptr() as usize);
}

/// One call as defined in Arm's "Semihosting for AArch32 and AArch64" and in its RISC-V counterpart.
fn call(operation: usize, parameter: usize) -> usize {
    let mut result = operation;
    // SAFETY: the host reads and writes memory that the parameter points to, which the callers
    // borrow for the call, and returns in the first register.
    unsafe {
        #[cfg(target_arch = "arm")]
        core::arch::asm!("bkpt 0xAB", inout("r0") result, in("r1") parameter, options(nostack));
        #[cfg(target_arch = "riscv32")]
        core::arch::asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inout("a0") result,
            in("a1") parameter,
            options(nostack)
        );
    }
    result
}
