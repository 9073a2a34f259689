//! An endless supply of values, made from the bytes of a fuzzer.

use kit::draw::Draw;
use kit::rng::Rng;

/// Takes values from the fuzzer's bytes until they run out. After that it gives random values, whose seed is
/// made of those bytes. In this way, a short input decides the shapes and still fills large operands.
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
}

impl Draw for Supply<'_> {
    fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((&first, rest)) => {
                self.bytes = rest;
                first
            }
            None => self.rest.byte(),
        }
    }
}
