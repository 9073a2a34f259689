//! The places in a network whose activations have a scale, with one name for each in the trainer,
//! the exporter, the runtime and the golden files.

use core::fmt;

/// A place in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SiteId {
    /// The image, normalised: `[height, width, 3]`.
    Input,
    /// A convolution of the stem, or its residual sum: `[height, width, channels]`.
    Stem {
        /// Index of the stage.
        stage: u8,
        /// Index of the convolution within the stage.
        conv: u8,
        /// Which value of that convolution.
        at: ConvSite,
    },
    /// The residual stream after the position was added: `[tokens, dim]`.
    Embed,
    /// Inside a block.
    Block {
        /// Index of the block.
        block: u8,
        /// Where in the block.
        at: BlockSite,
    },
    /// Output of the last normalisation: `[tokens, dim]`.
    Norm,
    /// The vector that the class head reads: `[dim]` under a mean pool.
    Pool,
    /// A hidden layer of the class head before GELU.
    HeadHidden(u8),
    /// A hidden layer of the class head after GELU.
    HeadGelu(u8),
    /// The logits: `[classes]`.
    Logits,
}

/// A value of one convolution of the stem, its batch normalisation included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ConvSite {
    /// Before GELU.
    Linear,
    /// After GELU.
    Gelu,
    /// After the stage's input was added; only for the last convolution of a residual stage.
    Add,
}

/// A value inside a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum BlockSite {
    /// First normalisation: `[tokens, dim]`.
    Norm1,
    /// Query of all heads: `[tokens, heads · head_dim]`.
    Query,
    /// Key of all heads: `[tokens, heads · head_dim]`.
    Key,
    /// Value of all heads: `[tokens, heads · head_dim]`.
    Value,
    /// The weighted values of all heads, before the output projection.
    Context,
    /// The residual stream after attention was added: `[tokens, dim]`.
    Attention,
    /// Second normalisation: `[tokens, dim]`.
    Norm2,
    /// First MLP layer: `[tokens, mlp_dim]`.
    Mlp1,
    /// First MLP layer plus its depthwise convolution, where there is one.
    Depthwise,
    /// After GELU.
    Gelu,
    /// Second MLP layer, where a second GELU follows it: `[tokens, dim]`.
    Mlp2,
    /// The residual stream after the MLP was added: `[tokens, dim]`.
    Output,
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.write_str("input"),
            Self::Stem { stage, conv, at } => {
                let at = match at {
                    ConvSite::Linear => "linear",
                    ConvSite::Gelu => "gelu",
                    ConvSite::Add => "add",
                };
                write!(f, "stem.{stage}.conv.{conv}.{at}")
            }
            Self::Embed => f.write_str("embed"),
            Self::Block { block, at } => write!(f, "block.{block}.{}", at.name()),
            Self::Norm => f.write_str("norm"),
            Self::Pool => f.write_str("pool"),
            Self::HeadHidden(layer) => write!(f, "head.{layer}.linear"),
            Self::HeadGelu(layer) => write!(f, "head.{layer}.gelu"),
            Self::Logits => f.write_str("logits"),
        }
    }
}

impl BlockSite {
    const fn name(self) -> &'static str {
        match self {
            Self::Norm1 => "norm1",
            Self::Query => "query",
            Self::Key => "key",
            Self::Value => "value",
            Self::Context => "context",
            Self::Attention => "attention",
            Self::Norm2 => "norm2",
            Self::Mlp1 => "mlp1",
            Self::Depthwise => "depthwise",
            Self::Gelu => "gelu",
            Self::Mlp2 => "mlp2",
            Self::Output => "output",
        }
    }
}

/// The stored values of one site.
#[derive(Clone, Copy, Debug)]
pub struct SiteValues<'a> {
    data: Data<'a>,
    /// Which values of the data belong to the site.
    columns: Columns,
    zero_point: i8,
}

/// Columns `start..start + len` of rows of `row` values.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    pub(crate) row: usize,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

#[derive(Clone, Copy, Debug)]
enum Data<'a> {
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    #[cfg(feature = "f16")]
    F32(&'a [f32]),
}

impl<'a> SiteValues<'a> {
    pub(crate) const fn i8(values: &'a [i8], zero_point: i8) -> Self {
        Self { zero_point, ..Self::all(Data::I8(values)) }
    }

    pub(crate) const fn i16(values: &'a [i16]) -> Self {
        Self::all(Data::I16(values))
    }

    pub(crate) const fn i32(values: &'a [i32]) -> Self {
        Self::all(Data::I32(values))
    }

    #[cfg(feature = "f16")]
    pub(crate) const fn f32(values: &'a [f32]) -> Self {
        Self::all(Data::F32(values))
    }

    /// Only some columns of the same values.
    pub(crate) const fn columns(self, columns: Columns) -> Self {
        Self { columns, ..self }
    }

    const fn all(data: Data<'a>) -> Self {
        let len = match data {
            Data::I8(values) => values.len(),
            Data::I16(values) => values.len(),
            Data::I32(values) => values.len(),
            #[cfg(feature = "f16")]
            Data::F32(values) => values.len(),
        };
        Self { data, columns: Columns { row: len, start: 0, len }, zero_point: 0 }
    }

    /// The integer that stands for zero.
    pub const fn zero_point(&self) -> i8 {
        self.zero_point
    }

    /// The stored integers in the site's order; none for the arithmetic `F16`.
    pub fn integers(&self) -> impl Iterator<Item = i32> + 'a {
        let data = self.data;
        self.indices().filter_map(move |index| match data {
            Data::I8(data) => data.get(index).map(|&q| q.into()),
            Data::I16(data) => data.get(index).map(|&q| q.into()),
            Data::I32(data) => data.get(index).copied(),
            #[cfg(feature = "f16")]
            Data::F32(_) => None,
        })
    }

    /// The values in the site's order; none for the arithmetic `Int8`.
    #[cfg(feature = "f16")]
    pub fn floats(&self) -> impl Iterator<Item = f32> + 'a {
        let data = self.data;
        self.indices().filter_map(move |index| match data {
            Data::F32(data) => data.get(index).copied(),
            _ => None,
        })
    }

    fn indices(&self) -> impl Iterator<Item = usize> + 'a {
        let Columns { row, start, len } = self.columns;
        let total = match self.data {
            Data::I8(data) => data.len(),
            Data::I16(data) => data.len(),
            Data::I32(data) => data.len(),
            #[cfg(feature = "f16")]
            Data::F32(data) => data.len(),
        };
        (0..total).filter(move |index| (start..start + len).contains(&(index % row.max(1))))
    }
}
