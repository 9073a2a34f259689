//! Random damage to a blob, with a repaired checksum so that the reader does not stop there.

use crate::rng::Rng;
use crate::sealed::seal;
use runtime::format::PRELUDE_LEN;

/// Maximum number of bytes that one change touches.
const MAX_LEN: usize = 24;

/// A blob to damage.
#[derive(Clone, Debug)]
pub struct Victim {
    bytes: Vec<u8>,
    /// Positions after the prelude where half of the changes are made.
    hot: Vec<usize>,
}

impl Victim {
    /// A blob whose `hot` positions get half of the changes. Without hot positions, every position is
    /// equally likely.
    ///
    /// # Panics
    /// If the blob has no byte after its prelude.
    pub fn new(bytes: Vec<u8>, hot: Vec<usize>) -> Self {
        assert!(bytes.len() > PRELUDE_LEN, "a blob of {} bytes has no record", bytes.len());
        Self { bytes, hot }
    }

    /// The blob after one to four changes, which follow from `seed`. Parts of `other` may be spliced in.
    pub fn mutated(&self, other: &[u8], seed: u64) -> Vec<u8> {
        let mut rng = Rng::new(seed);
        let mut bytes = self.bytes.clone();
        let changes: i8 = [1, 1, 2, 4][index(&mut rng, 4)];
        for _ in 0..changes {
            // Earlier changes may have moved or removed the place.
            let at = self.place(&mut rng).min(bytes.len() - 1);
            change(&mut bytes, at, other, &mut rng);
            bytes.resize(bytes.len().max(PRELUDE_LEN + 1), 0);
        }
        seal(&mut bytes);
        bytes
    }

    fn place(&self, rng: &mut Rng) -> usize {
        if !self.hot.is_empty() && rng.one_in(2) {
            return self.hot[index(rng, self.hot.len())];
        }
        PRELUDE_LEN + index(rng, self.bytes.len() - PRELUDE_LEN)
    }
}

/// One change at `at`.
fn change(bytes: &mut Vec<u8>, at: usize, other: &[u8], rng: &mut Rng) {
    let len = (1 + index(rng, MAX_LEN)).min(bytes.len() - at);
    match rng.pick(0, 9) {
        0 | 1 => bytes[at] ^= 1 << rng.pick::<u8>(0, 7),
        2 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][index(rng, 5)],
        3 => bytes[at] = bytes[at].wrapping_add_signed(rng.pick(-3, 3)),
        4 => bytes[at..at + len].iter_mut().for_each(|byte| *byte = rng.pick(0, u8::MAX)),
        5 => {
            let word = [i32::MIN, i32::MAX, -1, 1 << 30, -(1 << 30), (1 << 30) + 1];
            let word = word[index(rng, 6)].to_le_bytes();
            for (byte, new) in bytes[at..].iter_mut().zip(word) {
                *byte = new;
            }
        }
        6 => drop(bytes.drain(at..at + len)),
        7 => {
            let new: Vec<u8> = (0..len).map(|_| rng.pick(0, u8::MAX)).collect();
            bytes.splice(at..at, new);
        }
        8 => {
            let from = index(rng, bytes.len() - len + 1);
            let copy = bytes[from..from + len].to_vec();
            bytes.splice(at..at + len, copy);
        }
        _ => {
            // The rest of another blob, from about the same place on.
            let from = (at + index(rng, MAX_LEN)).min(other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}

/// A place below `len`.
fn index(rng: &mut Rng, len: usize) -> usize {
    let last = i64::try_from(len).expect("below 2^63") - 1;
    usize::try_from(rng.between(0, last)).expect("not negative")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_differ_keep_the_prelude_and_follow_from_their_seed() {
        let bytes: Vec<u8> = (0..200).collect();
        let victim = Victim::new(bytes.clone(), vec![20, 30]);
        let mut unchanged = 0;
        for seed in 0..1000 {
            let mutated = victim.mutated(&bytes, seed);
            assert_eq!(mutated, victim.mutated(&bytes, seed), "seed {seed}");
            assert_eq!(mutated[..8], bytes[..8], "magic, version and arithmetic");
            let len = u32::from_le_bytes(mutated[8..12].try_into().unwrap());
            assert_eq!(len as usize, mutated.len() - PRELUDE_LEN, "length, seed {seed}");
            unchanged += u32::from(mutated[PRELUDE_LEN..] == bytes[PRELUDE_LEN..]);
        }
        assert!(unchanged < 50, "{unchanged} of 1000 mutations changed nothing");
    }
}
