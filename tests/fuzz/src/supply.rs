//! A fuzzer's bytes as a supply of values that does not run dry.

use crate::rng::Rng;

/// Values from bytes as long as there are any, then random ones that follow from them: a short
/// input decides the shapes and still fills large operands.
pub struct Supply<'a> {
    bytes: &'a [u8],
    rest: Rng,
}

impl<'a> Supply<'a> {
    /// A supply that follows from `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        let seed = bytes.iter().fold(1, |seed: u64, &byte| {
            seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(byte.into())
        });
        Self { bytes, rest: Rng::new(seed) }
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((&first, rest)) => {
                self.bytes = rest;
                first
            }
            None => self.rest.bits().to_le_bytes()[7],
        }
    }

    /// Any 32 bits.
    pub fn word(&mut self) -> u32 {
        u32::from_le_bytes(core::array::from_fn(|_| self.byte()))
    }

    /// A number of `min..=max`, an end of the range more often than another.
    pub fn between(&mut self, min: u32, max: u32) -> u32 {
        match self.byte() {
            0..16 => min,
            16..32 => max,
            low => {
                let wide = u64::from(self.word()) << 8 | u64::from(low);
                let below = wide % (u64::from(max - min) + 1);
                min + u32::try_from(below).expect("below the width of the range")
            }
        }
    }

    /// [`Self::between`] for the length of something.
    pub fn len(&mut self, min: usize, max: usize) -> usize {
        let bound = |len| u32::try_from(len).expect("a small bound");
        self.between(bound(min), bound(max)) as usize
    }

    /// True half of the time.
    pub fn flip(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// `len` i8, half of the time nothing but the ends of the range.
    pub fn i8s(&mut self, len: usize) -> Vec<i8> {
        let extreme = self.flip();
        let value = |byte: u8| match (extreme, byte & 1) {
            (true, 0) => i8::MIN,
            (true, _) => i8::MAX,
            (false, _) => byte.cast_signed(),
        };
        (0..len).map(|_| value(self.byte())).collect()
    }

    /// `len` i16, half of the time nothing but the ends of the range.
    pub fn i16s(&mut self, len: usize) -> Vec<i16> {
        let extreme = self.flip();
        let mut value = || match (extreme, self.byte()) {
            (true, byte) if byte & 1 == 0 => i16::MIN,
            (true, _) => i16::MAX,
            (false, byte) => i16::from_le_bytes([byte, self.byte()]),
        };
        (0..len).map(|_| value()).collect()
    }

    /// `len` i32 of at most `peak` in magnitude, as often small as large, little-endian.
    pub fn i32s(&mut self, len: usize, peak: i32) -> Vec<u8> {
        let mut value = || {
            let small = self.word() >> (self.byte() % 32);
            let magnitude = small.min(peak.unsigned_abs()).cast_signed();
            if self.flip() { -magnitude } else { magnitude }
        };
        (0..len).flat_map(|_| value().to_le_bytes()).collect()
    }
}
