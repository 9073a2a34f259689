//! Colours of pixels as red, green and blue.

/// Five, six and five bits, each colour rounded to the nearest byte.
#[expect(clippy::cast_possible_truncation, reason = "31 and 63 become 255")]
pub(super) fn rgb565(pixel: u16) -> [u8; 3] {
    let [high, low] = pixel.to_be_bytes();
    let (red, green, blue) = (high >> 3, (high & 7) << 3 | low >> 5, low & 31);
    // 255 / 31 and 255 / 63 in 64ths. With these offsets every value is rounded to the nearest byte.
    let five = |value: u8| ((527 * u32::from(value) + 23) >> 6) as u8;
    let six = |value: u8| ((259 * u32::from(value) + 33) >> 6) as u8;
    [five(red), six(green), five(blue)]
}

/// Converts luma and colour differences to red, green and blue, with 16 fraction bits.
pub(super) fn bt601(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let luma = 76_309 * (i32::from(luma) - 16) + (1 << 15);
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    let sums = [luma + 104_597 * red, luma - 25_675 * blue - 53_279 * red, luma + 132_201 * blue];
    sums.map(|sum| byte(sum >> 16))
}

/// Clamps to a byte.
#[expect(clippy::cast_sign_loss, reason = "clamped to 0..=255")]
pub(super) fn byte(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}
