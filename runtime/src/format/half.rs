//! Half-precision numbers as f32.

/// `2^112`.
pub(crate) const HALF_SCALE: f32 = f32::from_bits((112 + 127) << 23);

/// A finite f16 in little-endian bytes as f32, exactly.
///
/// The bits of exponent and fraction, moved to their place in an f32, are the number divided by `2^112`. This
/// holds for subnormal numbers too.
#[inline]
#[expect(clippy::float_arithmetic, reason = "a part of the arithmetic with floats")]
pub(crate) fn widen(half: [u8; 2]) -> f32 {
    let bits = u32::from(u16::from_le_bytes(half));
    let magnitude = f32::from_bits((bits & 0x7FFF) << 13) * HALF_SCALE;
    f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_f16_is_widened_exactly() {
        for bits in 0..=u16::MAX {
            let expected = half::f16::from_bits(bits);
            if expected.is_finite() {
                let found = widen(bits.to_le_bytes());
                assert_eq!(found.to_bits(), expected.to_f32().to_bits(), "{bits:04x}");
            }
        }
    }
}
