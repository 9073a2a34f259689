//! The random streams of the data pipeline, each a function of the seed and what it is for.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// What a stream decides.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Which images are held out for validation.
    Split,
    /// Order and augmentation of the images of one epoch.
    Epoch(u64),
}

/// The generator for `purpose`.
///
/// xoshiro256++ is named rather than `StdRng`, whose algorithm may change between releases of
/// `rand`: a seed must keep its meaning. The seed goes through one generator before the purpose is
/// added, so that the epochs of neighbouring seeds do not coincide.
pub(super) fn stream(seed: u64, purpose: Purpose) -> Xoshiro256PlusPlus {
    let index = match purpose {
        Purpose::Split => 0,
        Purpose::Epoch(epoch) => epoch.wrapping_add(1),
    };
    let base = Xoshiro256PlusPlus::seed_from_u64(seed).next_u64();
    Xoshiro256PlusPlus::seed_from_u64(base.wrapping_add(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_in_seed_and_purpose() {
        let first = |seed, purpose| stream(seed, purpose).next_u64();
        let mut values = Vec::new();
        for seed in 0..8 {
            values.push(first(seed, Purpose::Split));
            values.extend((0..8).map(|epoch| first(seed, Purpose::Epoch(epoch))));
        }
        let count = values.len();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), count, "every stream starts differently");
        assert_eq!(first(3, Purpose::Split), first(3, Purpose::Split), "repeatable");
    }
}
