//! A blob of either arithmetic.

use anyhow::{Context, Result};
use runtime::config::VitConfig;
use runtime::format::ARITHMETIC_F16;
use runtime::{Attributes, F16, Model};

/// A parsed blob.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum AnyModel<'a> {
    /// Integers.
    Int8(Model<'a>),
    /// f16 weights, f32 activations.
    F16(Model<'a, F16>),
}

impl<'a> AnyModel<'a> {
    /// Parses a blob with the arithmetic that its prelude names.
    ///
    /// # Errors
    /// [`runtime::FormatError`] if the blob is not valid.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let arithmetic = bytes.get(6..8).map(|field| u16::from_le_bytes([field[0], field[1]]));
        let model = if arithmetic == Some(ARITHMETIC_F16) {
            Model::parse_f16(bytes).map(Self::F16)
        } else {
            Model::parse(bytes).map(Self::Int8)
        };
        model.context("the blob is not valid")
    }

    /// "int8" or "f16".
    pub const fn precision(&self) -> &'static str {
        match self {
            Self::Int8(_) => "int8",
            Self::F16(_) => "f16",
        }
    }

    /// The checked description of the network.
    pub const fn config(&self) -> &VitConfig {
        match self {
            Self::Int8(model) => model.config(),
            Self::F16(model) => model.config(),
        }
    }

    /// Bytes of arena that a run needs.
    pub fn arena_len(&self) -> usize {
        match self {
            Self::Int8(model) => model.arena_len(),
            Self::F16(model) => model.arena_len(),
        }
    }

    /// Bytes of arena with which a run is fastest on this computer.
    pub fn arena_len_fast(&self) -> usize {
        match self {
            Self::Int8(model) => model.arena_len_fast(),
            Self::F16(model) => model.arena_len_fast(),
        }
    }

    /// Name of a class.
    pub fn class_name(&self, class: usize) -> Option<&'a str> {
        match self {
            Self::Int8(model) => model.class_name(class),
            Self::F16(model) => model.class_name(class),
        }
    }

    /// The attributes of an int8 blob; `None` if it has none.
    ///
    /// # Errors
    /// [`runtime::FormatError`] if their head is not valid.
    pub fn attributes(&self) -> Result<Option<Attributes<'a>>> {
        match self {
            Self::Int8(model) => {
                Attributes::parse(model).context("the attributes of the blob are not valid")
            }
            Self::F16(_) => Ok(None),
        }
    }

    /// The class with the largest logit.
    ///
    /// # Errors
    /// If the image or the arena has the wrong size.
    pub fn class(&self, image: &[u8], arena: &mut [u8]) -> Result<usize, runtime::RunError> {
        Ok(match self {
            Self::Int8(model) => model.run(image, arena)?.class(),
            Self::F16(model) => model.run(image, arena)?.class(),
        })
    }
}
