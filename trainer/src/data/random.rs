//! The random streams of the data pipeline. The seed and the purpose of a stream decide its values.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// The purpose of a stream.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Which images are held out for validation.
    Split,
    /// Which images belong to a random sample.
    Sample,
    /// Order of the images of one epoch.
    Order { epoch: u64 },
    /// Changes to one image of an epoch, by its place in that order.
    Image { epoch: u64, place: u64 },
    /// Changes to one image in one of its views, the same in every run.
    View { image: u64, view: u64 },
    /// How the images of one batch of an epoch are mixed.
    Mix { epoch: u64, batch: u64 },
    /// Which cells of the images of one batch of an epoch are hidden.
    Hide { epoch: u64, batch: u64 },
    /// Which batches of an epoch get new backgrounds, and of what kind.
    Background { epoch: u64, batch: u64 },
}

/// The generator for `purpose`.
///
/// A seed must always give the same values, but the algorithm of `StdRng` may change between releases of
/// `rand`. Every part goes through a generator before the next one is added, so that the streams of
/// neighbouring seeds or epochs differ.
pub(super) fn stream(seed: u64, purpose: Purpose) -> Xoshiro256PlusPlus {
    let parts: &[u64] = match purpose {
        Purpose::Split => &[0],
        Purpose::Order { epoch } => &[1, epoch],
        Purpose::Image { epoch, place } => &[2, epoch, place],
        Purpose::Mix { epoch, batch } => &[3, epoch, batch],
        Purpose::Sample => &[4],
        Purpose::View { image, view } => &[5, image, view],
        Purpose::Hide { epoch, batch } => &[6, epoch, batch],
        Purpose::Background { epoch, batch } => &[7, epoch, batch],
    };
    let mixed = |state: u64, part: &u64| {
        Xoshiro256PlusPlus::seed_from_u64(state).next_u64().wrapping_add(*part)
    };
    Xoshiro256PlusPlus::seed_from_u64(parts.iter().fold(seed, mixed))
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
            for epoch in 0..8 {
                values.push(first(seed, Purpose::Order { epoch }));
                values.extend((0..8).map(|place| first(seed, Purpose::Image { epoch, place })));
                values.extend((0..8).map(|batch| first(seed, Purpose::Mix { epoch, batch })));
                let view = |view| first(seed, Purpose::View { image: epoch, view });
                values.extend((0..8).map(view));
            }
        }
        let count = values.len();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), count, "every stream starts differently");
        assert_eq!(first(3, Purpose::Split), first(3, Purpose::Split), "repeatable");
    }
}
