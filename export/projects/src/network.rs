//! A network, with an image to try it on and what it finds there.

use anyhow::{Context, Result};
use runtime::Model;
use runtime::config::VitConfig;

/// A network with its example.
pub struct Network<'a> {
    /// Its bytes.
    pub blob: &'a [u8],
    /// Its description.
    pub config: VitConfig,
    /// Bytes of arena that a run needs.
    pub arena_len: usize,
    /// The names of all classes; numbers if the blob has no names.
    pub class_names: Vec<String>,
    /// The example: red, green and blue of each pixel, row by row.
    pub image: Vec<u8>,
    /// What the network finds in the example.
    pub found: Found,
}

/// What a network finds in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The most probable class.
    pub class: String,
    /// Its probability in percent, rounded down.
    pub percent: u32,
    /// Its logit.
    pub logit: i32,
    /// FNV-1a of all logits: the bytes of each, the lowest first.
    pub hash: u64,
}

impl<'a> Network<'a> {
    /// The network of `blob`, tried on `image`. `model` is the parsed blob.
    ///
    /// # Errors
    /// If the image has another size than the input of the network.
    pub fn new(blob: &'a [u8], model: &Model<'_>, image: Vec<u8>) -> Result<Self> {
        let arena_len = model.arena_len();
        let mut arena = vec![0; arena_len];
        let output = model.run(&image, &mut arena).context("the example cannot be classified")?;
        let best = output.top_k::<1>();
        let best = best.first().context("the network has no classes")?;
        let found = Found {
            class: class_name(model, best.class),
            percent: u32::from(best.probability) * 100 / 65_536,
            logit: best.logit,
            hash: hash(output.logits()),
        };
        let config = model.config().clone();
        let class_names = (0..config.classes()).map(|class| class_name(model, class)).collect();
        Ok(Self { blob, config, arena_len, class_names, image, found })
    }
}

/// The name of a class; its number if the blob has no names.
fn class_name(model: &Model<'_>, class: usize) -> String {
    model.class_name(class).map_or_else(|| class.to_string(), str::to_owned)
}

/// Fowler, Noll and Vo, *FNV Non-Cryptographic Hash Algorithm*, RFC 9923: FNV-1a of 64 bits.
fn hash(logits: &[i32]) -> u64 {
    logits.iter().flat_map(|logit| logit.to_le_bytes()).fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
