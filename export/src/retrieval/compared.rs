//! Kinds of comparison of two images, and the distance that each gives.

use super::seen::Seen;

/// A kind of comparison of two images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// Class parts in real numbers.
    ClassReal,
    /// Vectors of the class part.
    Class,
    /// Codes of the class part.
    ClassCode,
    /// Appearance parts in real numbers.
    AppearanceReal,
    /// Vectors of the appearance part.
    Appearance,
    /// Codes of the appearance part.
    AppearanceCode,
    /// Both parts in real numbers, weighted as the query says.
    DefaultReal,
    /// Both vectors, weighted as the query says.
    Default,
    /// Both codes, weighted as the query says.
    DefaultCode,
    /// Last embeddings of the network, by the cosine.
    Embedding,
    /// Pixels.
    Pixels,
}

impl Compared {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::ClassReal,
        Self::Class,
        Self::ClassCode,
        Self::AppearanceReal,
        Self::Appearance,
        Self::AppearanceCode,
        Self::DefaultReal,
        Self::Default,
        Self::DefaultCode,
        Self::Embedding,
        Self::Pixels,
    ];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClassReal => "class, float",
            Self::Class => "class, int8",
            Self::ClassCode => "class, 64 bits",
            Self::AppearanceReal => "appearance, float",
            Self::Appearance => "appearance, int8",
            Self::AppearanceCode => "appearance, 64 bits",
            Self::DefaultReal => "default mixture, float",
            Self::Default => "default mixture, int8",
            Self::DefaultCode => "default mixture, 64 bits",
            Self::Embedding => "last embedding, cosine",
            Self::Pixels => "raw pixels",
        }
    }

    /// The distance of a known image from a query. Only distances of the same kind can be compared with each other.
    /// For vectors and codes it is that of `INTEGER.md`.
    pub(super) fn distance(self, query: &Seen, known: &Seen) -> u64 {
        let (class, known_class) = (&query.entry.class, &known.entry.class);
        let (appearance, known_appearance) = (&query.entry.appearance, &known.entry.appearance);
        let weight = u64::from(query.entry.class_weight);
        let mixed = |class: u64, appearance: u64| weight * class + (256 - weight) * appearance;
        match self {
            Self::ClassReal => ordered(real(&query.class, &known.class)),
            Self::Class => square(&class.0, &known_class.0),
            Self::ClassCode => bits(class.1, known_class.1),
            Self::AppearanceReal => ordered(real(&query.appearance, &known.appearance)),
            Self::Appearance => square(&appearance.0, &known_appearance.0),
            Self::AppearanceCode => bits(appearance.1, known_appearance.1),
            Self::DefaultReal => ordered(
                query.class_weight * real(&query.class, &known.class)
                    + (1.0 - query.class_weight) * real(&query.appearance, &known.appearance),
            ),
            Self::Default => {
                mixed(square(&class.0, &known_class.0), square(&appearance.0, &known_appearance.0))
            }
            Self::DefaultCode => {
                mixed(bits(class.1, known_class.1), bits(appearance.1, known_appearance.1))
            }
            Self::Embedding => ordered(real(&query.embedding, &known.embedding)),
            Self::Pixels => pixels(&query.pixels, &known.pixels),
        }
    }
}

fn square(a: &[i8], b: &[i8]) -> u64 {
    a.iter().zip(b).map(|(&a, &b)| u32::from(a.abs_diff(b)).pow(2)).sum::<u32>().into()
}

/// The squared distance of two images. It is summed in parts of 4,096 values, whose sums fit u32.
fn pixels(a: &[u8], b: &[u8]) -> u64 {
    let parts = a
        .chunks(4096)
        .zip(b.chunks(4096))
        .map(|(a, b)| a.iter().zip(b).map(|(&a, &b)| u32::from(a.abs_diff(b)).pow(2)).sum::<u32>());
    parts.map(u64::from).sum()
}

fn bits(a: u64, b: u64) -> u64 {
    (a ^ b).count_ones().into()
}

fn real(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// An integer for a number that is not negative. The integers have the same order as the numbers.
fn ordered(distance: f64) -> u64 {
    distance.to_bits()
}
