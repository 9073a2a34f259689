//! Little-endian integers inside a byte string, read in place at any alignment.

/// A borrowed sequence of little-endian i32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct I32Le<'a>(&'a [[u8; 4]]);

impl<'a> I32Le<'a> {
    /// No integers.
    pub(crate) const EMPTY: Self = Self(&[]);

    /// `None` if the length is not a multiple of four bytes.
    pub const fn new(bytes: &'a [u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<4>();
        if rest.is_empty() { Some(Self(words)) } else { None }
    }

    /// Number of integers.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All but the first `count` integers; none if there are fewer.
    pub(crate) fn skip(self, count: usize) -> Self {
        Self(self.0.get(count..).unwrap_or(&[]))
    }

    /// The bytes of up to `len` integers from `first` on.
    #[cfg(any(vector_target, upper_word))]
    #[inline]
    pub(crate) fn words(self, first: usize, len: usize) -> &'a [[u8; 4]] {
        crate::rows::up_to(self.0, first, len)
    }

    /// The integer at `index`; `None` outside.
    pub(crate) fn get(self, index: usize) -> Option<i32> {
        self.0.get(index).map(|&word| i32::from_le_bytes(word))
    }

    /// The integers in order.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = i32> + 'a {
        self.0.iter().map(|&word| i32::from_le_bytes(word))
    }
}

/// A borrowed sequence of little-endian i16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct I16Le<'a>(&'a [[u8; 2]]);

impl<'a> I16Le<'a> {
    /// `None` if the length is not a multiple of two bytes.
    pub const fn new(bytes: &'a [u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<2>();
        if rest.is_empty() { Some(Self(words)) } else { None }
    }

    /// Number of integers.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The integers in order.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = i16> + 'a {
        self.0.iter().map(|&word| i16::from_le_bytes(word))
    }

    /// The bytes of up to `len` integers from `first` on.
    #[cfg(vector_target)]
    #[inline]
    pub(crate) fn halves(self, first: usize, len: usize) -> &'a [[u8; 2]] {
        crate::rows::up_to(self.0, first, len)
    }

    /// The integer at `index`, 0 outside.
    #[inline]
    pub fn get(&self, index: usize) -> i16 {
        self.0.get(index).map_or(0, |&word| i16::from_le_bytes(word))
    }
}

/// A borrowed sequence of little-endian u64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct U64Le<'a>(&'a [[u8; 8]]);

impl<'a> U64Le<'a> {
    /// `None` if the length is not a multiple of eight bytes.
    pub(crate) const fn new(bytes: &'a [u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        if rest.is_empty() { Some(Self(words)) } else { None }
    }

    /// The integers in order.
    #[inline]
    pub(crate) fn iter(self) -> impl ExactSizeIterator<Item = u64> + 'a {
        self.0.iter().map(|&word| u64::from_le_bytes(word))
    }

    /// The integer at `index`; `None` outside.
    pub(crate) fn get(self, index: usize) -> Option<u64> {
        self.0.get(index).map(|&word| u64::from_le_bytes(word))
    }
}

/// A borrowed sequence of little-endian f32.
#[cfg(feature = "f16")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct F32Le<'a>(&'a [[u8; 4]]);

#[cfg(feature = "f16")]
impl<'a> F32Le<'a> {
    /// `None` if the length is not a multiple of four bytes.
    pub const fn new(bytes: &'a [u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<4>();
        if rest.is_empty() { Some(Self(words)) } else { None }
    }

    /// Number of numbers.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers in order.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = f32> + 'a {
        self.0.iter().map(|&word| f32::from_le_bytes(word))
    }

    /// The bytes of up to `len` numbers from `first` on.
    #[inline]
    pub(crate) fn words(self, first: usize, len: usize) -> &'a [[u8; 4]] {
        crate::rows::up_to(self.0, first, len)
    }
}

/// A borrowed sequence of little-endian f16.
#[cfg(feature = "f16")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct F16Le<'a>(&'a [[u8; 2]]);

#[cfg(feature = "f16")]
impl<'a> F16Le<'a> {
    /// `None` if the length is not a multiple of two bytes.
    pub const fn new(bytes: &'a [u8]) -> Option<Self> {
        let (halves, rest) = bytes.as_chunks::<2>();
        if rest.is_empty() { Some(Self(halves)) } else { None }
    }

    /// Whether every number is finite.
    pub(crate) fn are_finite(self) -> bool {
        self.0.iter().all(|[_, high]| high & 0x7C != 0x7C)
    }

    /// The numbers in order, widened. They must be finite.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = f32> + 'a {
        self.0.iter().map(|&half| super::half::widen(half))
    }

    /// Pieces of `len` numbers, the last one perhaps shorter.
    #[inline]
    pub fn chunks(self, len: usize) -> impl Iterator<Item = Self> + 'a {
        self.0.chunks(len.max(1)).map(Self)
    }

    /// The bytes of up to `len` numbers from `first` on.
    #[inline]
    pub(crate) fn halves(self, first: usize, len: usize) -> &'a [[u8; 2]] {
        crate::rows::up_to(self.0, first, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_lengths_are_refused() {
        assert!(I32Le::new(&[0; 7]).is_none(), "seven bytes of i32");
        assert!(I16Le::new(&[0; 3]).is_none(), "three bytes of i16");
    }

    #[test]
    fn values_are_little_endian_at_any_alignment() {
        let bytes = [9, 1, 0, 0, 0, 255, 255, 255, 127];
        let words = I32Le::new(&bytes[1..]).unwrap();
        assert_eq!(words.iter().collect::<Vec<_>>(), [1, i32::MAX], "i32");
        let halves = I16Le::new(&bytes[5..]).unwrap();
        assert_eq!(halves.iter().collect::<Vec<_>>(), [-1, 32_767], "i16");
    }
}
