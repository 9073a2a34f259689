//! A blob made from any bytes, and everything that a caller can do with it.

use kit::rng::Rng;
use kit::sealed::seal;
use runtime::error::FormatError;
use runtime::format::{ARITHMETIC_F16, ARITHMETIC_INT8, MAGIC, PRELUDE_LEN, VERSION};
use runtime::{Arithmetic, Model, Output};

/// Maximum multiply-accumulates of a network that is run. A valid network of a few kilobytes takes a
/// minute on an image of 512 × 512 pixels.
const MAX_MACS: u64 = 3_000_000;
/// Maximum arena of a network that is run, in bytes.
const MAX_ARENA: usize = 1 << 22;

/// Arithmetic of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Integers.
    Int8,
    /// Floats.
    F16,
}

/// The bytes with their first ones replaced by a valid prelude, so that every mutation after it reaches the
/// records. `None` if there are fewer bytes than a prelude has.
pub fn blob(data: &[u8]) -> Option<(Kind, Vec<u8>)> {
    let (kind, arithmetic) = match data.get(6)? & 1 {
        0 => (Kind::Int8, ARITHMETIC_INT8),
        _ => (Kind::F16, ARITHMETIC_F16),
    };
    Some((kind, under_prelude(MAGIC, arithmetic, data)?))
}

/// The bytes with a valid prelude of that magic and arithmetic over their first ones. `None` if there are fewer
/// bytes than a prelude has.
pub fn under_prelude(magic: [u8; 4], arithmetic: u16, data: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = data.to_vec();
    bytes.get_mut(..4)?.copy_from_slice(&magic);
    bytes.get_mut(4..6)?.copy_from_slice(&VERSION.to_le_bytes());
    bytes.get_mut(6..8)?.copy_from_slice(&arithmetic.to_le_bytes());
    (bytes.len() >= PRELUDE_LEN).then(|| {
        seal(&mut bytes);
        bytes
    })
}

/// Whether the error is about the prelude.
pub fn is_of_prelude(error: &FormatError) -> bool {
    matches!(
        error,
        FormatError::Truncated { .. }
            | FormatError::Magic { .. }
            | FormatError::Version { .. }
            | FormatError::Arithmetic { .. }
            | FormatError::Length { .. }
            | FormatError::Checksum { .. }
    )
}

/// Whether a run is short enough for a fuzzer.
pub fn is_small<A: Arithmetic>(model: &Model<'_, A>) -> bool {
    model.config().macs() <= MAX_MACS && model.arena_len() <= MAX_ARENA
}

/// An image for `model` that follows from `seed`.
pub fn image<A: Arithmetic>(model: &Model<'_, A>, seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    (0..model.config().image().len()).map(|_| rng.bits().to_le_bytes()[7]).collect()
}

/// Runs to the end and calls every method of the output.
///
/// # Panics
/// If the run fails or an answer has another size than the description says.
pub fn run<A: Arithmetic, T>(
    model: &Model<'_, A>,
    image: &[u8],
    arena: &mut [u8],
    answer: impl FnOnce(&Output<'_, A>) -> T,
) -> T {
    let output = model.run(image, arena).expect("what parses must run");
    let classes = model.config().classes();
    assert_eq!(output.logits().len(), classes, "logits");
    assert_eq!(output.probabilities().count(), classes, "probabilities");
    assert_eq!(output.top_k::<5>().len(), classes.min(5), "ranks");
    assert!(output.class() < classes, "class {}", output.class());
    assert!(!output.embedding().is_empty(), "no embedding");
    for class in 0..=classes {
        core::hint::black_box(model.class_name(class));
    }
    answer(&output)
}
