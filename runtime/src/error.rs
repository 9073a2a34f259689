//! What can be wrong with a description, a blob or a call: one variant for each cause, with what
//! was found and what was expected.

use core::fmt;

/// The reason why a description is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConfigError {
    /// A size is outside its range.
    OutOfRange {
        /// Which size.
        what: &'static str,
        /// Its value.
        found: usize,
        /// Smallest allowed value.
        min: usize,
        /// Largest allowed value.
        max: usize,
    },
    /// The patch size does not divide a side of the image.
    PatchSize {
        /// Side of a patch.
        size: usize,
        /// Side of the image.
        side: usize,
    },
    /// The MLP has a depthwise convolution, but tokens of patches in row order form no grid.
    DepthwiseNeedsGrid,
    /// A convolution stem begins with a residual stage. The image's scale and zero point differ from
    /// channel to channel, so that a sum with it is not defined.
    StemStart,
    /// A convolution stem does not end in a plain convolution to `dim` channels without GELU.
    StemEnd {
        /// Width of a token.
        dim: usize,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { what, found, min, max } => {
                write!(f, "{what} is {found}, allowed is {min} to {max}")
            }
            Self::PatchSize { size, side } => {
                write!(f, "patches of side {size} do not tile an image side of {side}")
            }
            Self::DepthwiseNeedsGrid => f.write_str(
                "a depthwise convolution needs tokens on a grid; patches in row order have none",
            ),
            Self::StemStart => f.write_str(
                "the stem must begin with a plain convolution; a residual stage cannot add the image",
            ),
            Self::StemEnd { dim } => write!(
                f,
                "the stem must end in a plain convolution to dim = {dim} channels without GELU"
            ),
        }
    }
}

impl core::error::Error for ConfigError {}

/// The reason why the reader refuses bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FormatError {
    /// Fewer bytes than a prelude.
    Truncated {
        /// Bytes given.
        found: usize,
        /// Bytes of a prelude.
        expected: usize,
    },
    /// The first four bytes are not those of a blob, or not those of an index.
    Magic {
        /// The first four bytes.
        found: [u8; 4],
        /// What they must be.
        expected: [u8; 4],
    },
    /// A version that this reader does not know.
    Version {
        /// The blob's version.
        found: u16,
        /// The newest version this reader knows.
        newest: u16,
    },
    /// The arithmetic is not the one that was asked for: 0 is int8, 1 is f16.
    Arithmetic {
        /// The blob's arithmetic.
        found: u16,
        /// The arithmetic asked for.
        expected: u16,
    },
    /// The file is shorter or longer than the prelude says.
    Length {
        /// Bytes after the prelude.
        found: usize,
        /// Bytes that the prelude announces.
        expected: usize,
    },
    /// The bytes are damaged.
    Checksum {
        /// CRC-32 of the bytes.
        found: u32,
        /// CRC-32 that the prelude announces.
        expected: u32,
    },
    /// A record does not decode.
    Record {
        /// Which record.
        record: RecordId,
    },
    /// The description is not valid.
    Config(ConfigError),
    /// A tensor has another length than the description asks for.
    TensorLen {
        /// Record that holds the tensor.
        record: RecordId,
        /// Which tensor.
        tensor: &'static str,
        /// Its length in bytes.
        found: usize,
        /// The length asked for, in bytes.
        expected: usize,
    },
    /// A value is outside its range.
    Range {
        /// Record that holds the value.
        record: RecordId,
        /// Which value.
        field: &'static str,
        /// The value.
        found: i64,
        /// Smallest allowed value.
        min: i64,
        /// Largest allowed value.
        max: i64,
    },
    /// A stored number is infinite or NaN.
    NotFinite {
        /// Record that holds it.
        record: RecordId,
        /// Which tensor.
        tensor: &'static str,
    },
    /// An optional part is missing where the description asks for it, or is present where it does not.
    Presence {
        /// Record of the part.
        record: RecordId,
        /// Which part.
        field: &'static str,
        /// Whether it must be present.
        expected: bool,
    },
    /// A number of cells does not divide the side of the token grid that it cuts.
    Cells {
        /// Record that holds it.
        record: RecordId,
        /// Which cells: `rows` or `columns`.
        cells: &'static str,
        /// Their number.
        found: usize,
        /// The side of the grid in tokens.
        side: usize,
    },
    /// The number of class names is not the number of classes.
    ClassNames {
        /// Names found.
        found: usize,
        /// Number of classes.
        expected: usize,
    },
    /// Bytes are left after the last record.
    Trailing {
        /// How many.
        bytes: usize,
    },
}

/// A record of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RecordId {
    /// The description.
    Header,
    /// A convolution of the stem.
    Conv(u8),
    /// The layer that makes tokens.
    Embed,
    /// The position embedding.
    Position,
    /// A block.
    Block(u8),
    /// The last normalisation and the pool.
    End,
    /// The list of heads.
    Heads,
    /// A head.
    Head(u8),
    /// The description of an index.
    Index,
    /// The class parts of an index.
    ClassPart,
    /// The appearance parts of an index.
    AppearancePart,
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("header"),
            Self::Conv(index) => write!(f, "convolution {index}"),
            Self::Embed => f.write_str("embedding layer"),
            Self::Position => f.write_str("position"),
            Self::Block(index) => write!(f, "block {index}"),
            Self::End => f.write_str("end"),
            Self::Heads => f.write_str("list of heads"),
            Self::Head(index) => write!(f, "head {index}"),
            Self::Index => f.write_str("index"),
            Self::ClassPart => f.write_str("class part"),
            Self::AppearancePart => f.write_str("appearance part"),
        }
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { found, expected } => {
                write!(f, "{found} bytes are too few for a blob, whose prelude has {expected}")
            }
            Self::Magic { found, expected } => {
                let [a, b, c, d] = expected.map(char::from);
                write!(f, "not a blob: it begins with {found:02x?} instead of \"{a}{b}{c}{d}\"")
            }
            Self::Version { found, newest } => {
                write!(f, "blob version {found}; this reader knows versions 1 to {newest}")
            }
            Self::Arithmetic { found, expected } => {
                write!(f, "blob arithmetic {found}, expected {expected} (0 is int8, 1 is f16)")
            }
            Self::Length { found, expected } => {
                write!(f, "{found} bytes after the prelude, which announces {expected}")
            }
            Self::Checksum { found, expected } => {
                write!(f, "damaged blob: CRC-32 is {found:08x}, expected {expected:08x}")
            }
            Self::Record { record } => write!(f, "the {record} record does not decode"),
            Self::Config(error) => write!(f, "impossible network: {error}"),
            Self::TensorLen { record, tensor, found, expected } => {
                write!(f, "{record}: {tensor} has {found} bytes, expected {expected}")
            }
            Self::Range { record, field, found, min, max } => {
                write!(f, "{record}: {field} is {found}, allowed is {min} to {max}")
            }
            Self::NotFinite { record, tensor } => {
                write!(f, "{record}: {tensor} holds a value that is not finite")
            }
            Self::Presence { record, field, expected: true } => {
                write!(f, "{record}: {field} is missing")
            }
            Self::Presence { record, field, expected: false } => {
                write!(f, "{record}: {field} must not be there")
            }
            Self::Cells { record, cells, found, side } => {
                write!(f, "{record}: {found} {cells} of cells do not divide {side} of tokens")
            }
            Self::ClassNames { found, expected } => {
                write!(f, "{found} class names for {expected} classes")
            }
            Self::Trailing { bytes } => write!(f, "{bytes} bytes after the last record"),
        }
    }
}

impl core::error::Error for FormatError {}

impl From<ConfigError> for FormatError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// The reason why a call of a parsed model fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RunError {
    /// The image has another size than the model's input.
    Image {
        /// Bytes given.
        found: usize,
        /// Height times width times three.
        expected: usize,
    },
    /// The arena is too small.
    Arena {
        /// Bytes given.
        found: usize,
        /// [`VitConfig::arena_len`](crate::config::VitConfig::arena_len).
        expected: usize,
    },
    /// A row of the image has another length than the model's input.
    Row {
        /// Bytes given.
        found: usize,
        /// Width times three.
        expected: usize,
    },
    /// There are too few or too many rows of the image.
    Rows {
        /// Rows given, the one that was refused included.
        found: usize,
        /// Height of the image.
        expected: usize,
    },
    /// The memory for packed weights is too small.
    Packed {
        /// Bytes given.
        found: usize,
        /// [`Model::packed_len`](crate::Model::packed_len).
        expected: usize,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image { found, expected } => {
                write!(f, "an image of {found} bytes; the model reads {expected}")
            }
            Self::Arena { found, expected } => {
                write!(f, "an arena of {found} bytes; the model needs {expected}")
            }
            Self::Row { found, expected } => {
                write!(f, "a row of {found} bytes; the model reads rows of {expected}")
            }
            Self::Rows { found, expected } => {
                write!(f, "{found} rows of an image; the model reads {expected}")
            }
            Self::Packed { found, expected } => {
                write!(f, "{found} bytes for packed weights; the model needs {expected}")
            }
        }
    }
}

impl core::error::Error for RunError {}

/// The reason why an output has no evidence for a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EvidenceError {
    /// The class head reads all tokens one after another, not their sum.
    Flatten,
    /// The class head has hidden layers between the sum of the tokens and the logits.
    HiddenLayers,
    /// There is no such class.
    Class {
        /// The class asked for.
        found: usize,
        /// Number of classes.
        classes: usize,
    },
    /// There is no such attribute.
    Attribute {
        /// The attribute asked for.
        found: usize,
        /// Number of attributes.
        attributes: usize,
    },
    /// The attributes are those of another network.
    Network {
        /// Weights of an attribute.
        found: usize,
        /// Sums that the output has: the width of a token, or 0 if the network does not sum its tokens.
        expected: usize,
    },
    /// The slice for the result has another length than the network has tokens.
    Length {
        /// Values of the slice.
        found: usize,
        /// Tokens.
        expected: usize,
    },
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flatten => f.write_str(
                "the class head does not read the mean of the tokens, so a logit is not a sum over them",
            ),
            Self::HiddenLayers => f.write_str(
                "the class head has hidden layers, so a logit is not a sum over the tokens",
            ),
            Self::Class { found, classes } => {
                write!(f, "class {found} of a model with {classes} classes")
            }
            Self::Attribute { found, attributes } => {
                write!(f, "attribute {found} of a model with {attributes} attributes")
            }
            Self::Network { found, expected } => write!(
                f,
                "attributes of another model: they have {found} weights each, the output has \
                 {expected} sums"
            ),
            Self::Length { found, expected } => {
                write!(f, "{found} values for the evidence; the model has {expected} tokens")
            }
        }
    }
}

impl core::error::Error for EvidenceError {}

/// The length of an operand disagrees with the other operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ShapeError {
    /// Which operand.
    pub what: &'static str,
    /// The length that the other operands ask for.
    pub expected: usize,
    /// Its length.
    pub found: usize,
}

impl ShapeError {
    /// Succeeds if the lengths agree.
    pub(crate) const fn check(
        what: &'static str,
        expected: usize,
        found: usize,
    ) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self { what, expected, found }) }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}, expected {}", self.what, self.found, self.expected)
    }
}

impl core::error::Error for ShapeError {}
