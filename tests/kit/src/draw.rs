//! Where the values of operands come from: a generator, or a fuzzer's bytes.

use crate::rng::Rng;

/// An endless supply of values.
pub trait Draw {
    /// Any byte.
    fn byte(&mut self) -> u8;

    /// Any bytes.
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.byte());
    }

    /// Any 32 bits.
    fn word(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// A number of `min..=max`. The ends of the range are drawn more often than other numbers.
    fn between(&mut self, min: u32, max: u32) -> u32 {
        match self.byte() {
            0..16 => min,
            16..32 => max,
            low => {
                let wide = u64::from(self.word()) << 8 | u64::from(low);
                let below = wide % (u64::from(max - min) + 1);
                // The remainder is at most `max - min`, which is a u32.
                min + below as u32
            }
        }
    }

    /// [`Self::between`] for the length of something.
    fn length(&mut self, min: usize, max: usize) -> usize {
        // Lengths of operands are far below 2^32.
        self.between(min as u32, max as u32) as usize
    }

    /// [`Self::between`] for a small number.
    fn small(&mut self, min: u8, max: u8) -> u8 {
        // The number is at most `max`, which is a byte.
        self.between(min.into(), max.into()) as u8
    }

    /// True half of the time.
    fn flip(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// True once in `n` times on average.
    fn one_in(&mut self, n: u8) -> bool {
        self.byte().is_multiple_of(n)
    }

    /// Any i8, or only the ends of the range.
    fn i8s(&mut self, values: &mut [i8], extreme: bool) {
        self.fill(bytemuck::cast_slice_mut(values));
        if extreme {
            for value in values {
                *value = if *value & 1 == 0 { i8::MIN } else { i8::MAX };
            }
        }
    }

    /// i16 of at most `peak` in magnitude, or only `-peak` and `peak`. A peak of 32,768 allows any i16.
    fn i16s(&mut self, values: &mut [i16], peak: u16, extreme: bool) {
        self.fill(bytemuck::cast_slice_mut(values));
        let peak = i32::from(peak);
        for value in values {
            let wide = match (extreme, *value & 1) {
                (true, 0) => -peak,
                (true, _) => peak,
                (false, _) => i32::from(value.cast_unsigned()) % (2 * peak + 1) - peak,
            };
            *value = wide.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        }
    }

    /// i32 of at most `peak` in magnitude, small ones as often as large ones, in little-endian bytes.
    fn i32s(&mut self, bytes: &mut [u8], peak: i32) {
        for bytes in bytes.chunks_exact_mut(4) {
            let small = self.word() >> (self.byte() % 32);
            let magnitude = small.min(peak.unsigned_abs()).cast_signed();
            let value = if self.flip() { -magnitude } else { magnitude };
            bytes.copy_from_slice(&value.to_le_bytes());
        }
    }

    /// A normalised multiplier, `2^30 ≤ mult < 2^31`.
    fn mult(&mut self) -> u32 {
        self.between(1 << 30, (1 << 31) - 1)
    }
}

impl Draw for Rng {
    fn byte(&mut self) -> u8 {
        self.bits().to_le_bytes()[7]
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for bytes in bytes.chunks_mut(8) {
            bytes.copy_from_slice(&self.bits().to_le_bytes()[..bytes.len()]);
        }
    }
}
