//! The hash that pins values in text files.

/// FNV-1a with 64 bits over integers, each as four little-endian bytes.
///
/// # Source
/// Fowler, Noll and Vo, "The FNV Non-Cryptographic Hash Algorithm" (RFC 9923), 2025.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fnv1a(u64);

impl Fnv1a {
    /// The hash of nothing.
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// The hash.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Appends one integer.
    pub fn push(&mut self, value: i32) {
        for byte in value.to_le_bytes() {
            self.byte(byte);
        }
    }

    const fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
    }
}

impl Default for Fnv1a {
    fn default() -> Self {
        Self::new()
    }
}

impl Extend<i32> for Fnv1a {
    fn extend<I: IntoIterator<Item = i32>>(&mut self, values: I) {
        for value in values {
            self.push(value);
        }
    }
}

/// Sixteen hexadecimal digits.
impl core::fmt::Display for Fnv1a {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        for (text, published) in
            [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")]
        {
            let mut hash = Fnv1a::new();
            for byte in text.bytes() {
                hash.byte(byte);
            }
            assert_eq!(hash.to_string(), published, "{text:?}");
        }
    }

    #[test]
    fn integers_are_hashed_as_little_endian_bytes() {
        let mut hash = Fnv1a::new();
        hash.extend([i32::from_le_bytes(*b"foob")]);
        hash.byte(b'a');
        hash.byte(b'r');
        assert_eq!(hash.to_string(), "85944171f73967e8", "\"foobar\"");
    }
}
