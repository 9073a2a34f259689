//! A fingerprint as vectors that an engine compares by Euclid and by dot products.

use runtime::search::{Fingerprint, Likeness, Part};

/// The vectors of a fingerprint.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    /// The values of the class part plus 128, so that they fit u8. The square of the Euclidean distance is the
    /// distance of the class parts.
    pub class: Vec<f32>,
    /// The values of the appearance part plus 128.
    pub appearance: Vec<f32>,
    /// The code of the class part, then that of the appearance part, each from its lowest bit on: 1 for a bit that is
    /// set, -1 for another. In a query, the values of a part are multiplied by its weight. The dot product is then
    /// `64 · (class + appearance) − 2 · distance`, where `class` and `appearance` are the two weights. All sums are
    /// integers of at most 2^14, which f32 has exactly. One vector has both codes, because a search compares one vector:
    /// the nearest by two codes need not be near by either.
    pub codes: Vec<f32>,
}

impl Vectors {
    /// The vectors of an entry of an index.
    pub fn of_entry(entry: &Fingerprint<'_>) -> Self {
        Self::weighted(entry, [1; 2])
    }

    /// The vectors of a query.
    pub fn of_query(seen: &Fingerprint<'_>, likeness: Likeness) -> Self {
        Self::weighted(seen, weights(likeness))
    }

    fn weighted(fingerprint: &Fingerprint<'_>, [class, appearance]: [u16; 2]) -> Self {
        let of_class = signs(&fingerprint.class, class);
        let codes = of_class.chain(signs(&fingerprint.appearance, appearance)).collect();
        let [class, appearance] = [fingerprint.class, fingerprint.appearance].map(|part| {
            let values = part.vector.iter().map(|&value| f32::from(i16::from(value) + 128));
            values.collect()
        });
        Self { class, appearance, codes }
    }
}

/// The code of a part as `weight` and `-weight`.
fn signs(part: &Part<'_>, weight: u16) -> impl Iterator<Item = f32> + use<> {
    let (code, weight) = (part.code, f32::from(weight));
    (0..u64::BITS).map(move |bit| if code >> bit & 1 == 1 { weight } else { -weight })
}

/// Factors of the distances of the class parts and of the appearance parts.
pub(crate) fn weights(likeness: Likeness) -> [u16; 2] {
    match likeness {
        Likeness::Class => [1, 0],
        Likeness::Appearance => [0, 1],
        Likeness::Mixed { class } => [class.into(), 256 - u16::from(class)],
    }
}

#[cfg(test)]
mod tests {
    use super::Vectors;
    use runtime::search::{Fingerprint, Likeness, Part};

    const SEEN: Fingerprint<'_> = Fingerprint {
        network: 7,
        class: Part { vector: &[-128, 0, 127], code: 0b101 },
        appearance: Part { vector: &[-1], code: 1 << 63 },
    };

    #[test]
    fn values_fit_u8() {
        let Vectors { class, appearance, .. } = Vectors::of_entry(&SEEN);
        assert_eq!((class, appearance), (vec![0.0, 128.0, 255.0], vec![127.0]), "plus 128");
    }

    #[test]
    fn the_lowest_bit_is_first_and_a_query_has_weights() {
        let codes = Vectors::of_entry(&SEEN).codes;
        assert_eq!(codes[..4], [1.0, -1.0, 1.0, -1.0], "class");
        assert_eq!(codes[125..], [-1.0, -1.0, 1.0], "appearance");
        let codes = Vectors::of_query(&SEEN, Likeness::Mixed { class: 240 }).codes;
        assert_eq!([&codes[..2], &codes[126..]].concat(), [240.0, -240.0, -16.0, 16.0], "mixed");
        let codes = Vectors::of_query(&SEEN, Likeness::Class).codes;
        assert!(codes[64..].iter().all(|&value| value == 0.0), "a part without weight: {codes:?}");
    }
}
