//! A network as owned records. [`synthetic`](crate::synthetic) fills them, a test changes them, and
//! [`Network::to_bytes`] makes a blob of them.

use runtime::config::VitSpec;
use runtime::format::{
    ARITHMETIC_INT8, ActivationRecord, AttentionRecord, AttributesRecord, BlockRecord,
    ContextRecord, ConvRecord, DescriptorRecord, EndRecord, GeluRecord, HEAD_CLASS, HeadRecord,
    Header, Int8Block, Int8Conv, Int8End, LastNormRecord, LinearRecord, LogitsRecord, NormRecord,
    PartRecord, RequantRecord, SecondGeluRecord, WriteError, write, write_attributes,
    write_class_head, write_descriptor,
};

/// Everything that goes into a blob. Tensors are bytes as they are stored.
#[derive(Clone, Debug)]
pub struct Network {
    /// Description. It is written unchecked, so that a test can write an invalid one.
    pub spec: VitSpec,
    /// Image byte minus 128 that represents zero, for each channel.
    pub pad: [i8; 3],
    /// Names separated by newlines.
    pub class_names: String,
    /// Convolutions of the stem, except the last.
    pub convs: Vec<Conv>,
    /// The layer that makes tokens.
    pub embed: Linear,
    /// i16, `[tokens, dim]`.
    pub position: Vec<u8>,
    /// Blocks in order.
    pub blocks: Vec<Block>,
    /// Last normalisation and pool.
    pub end: End,
    /// The class head, always written first.
    pub class_head: ClassHead,
    /// Kind and body of the heads after it.
    pub other_heads: Vec<(u8, Vec<u8>)>,
}

/// One layer; the tensors of [`LinearRecord`].
#[derive(Clone, Debug)]
pub struct Linear {
    /// i8, `[n, k]`, or `[9, n]` of a depthwise convolution.
    pub weights: Vec<u8>,
    /// i32, `[n]`.
    pub bias: Vec<u8>,
    /// i32, `[n]`.
    pub mult: Vec<u8>,
    /// `[n]`.
    pub shift: Vec<u8>,
}

/// What follows an i8 layer.
#[derive(Clone, Debug)]
pub struct Activation {
    /// Zero point before GELU.
    pub zero_point: i8,
    /// GELU's table and the zero point after it.
    pub gelu: Option<(Vec<u8>, i8)>,
}

/// A convolution of the stem, except the last.
#[derive(Clone, Debug)]
pub struct Conv {
    /// Weights and rescales.
    pub linear: Linear,
    /// Output, before a residual sum.
    pub activation: Activation,
    /// Rescale of the stage's input.
    pub skip: Option<RequantRecord>,
}

/// One block.
#[derive(Clone, Debug)]
pub struct Block {
    /// First normalisation.
    pub norm1: NormRecord,
    /// Queries, keys, values.
    pub qkv: Linear,
    /// Octaves of one score step, times `2^28`.
    pub scores: u32,
    /// Rescale of the weighted values.
    pub context: ContextRecord,
    /// Output projection.
    pub project: Linear,
    /// Second normalisation.
    pub norm2: NormRecord,
    /// First MLP layer.
    pub mlp1: (Linear, Activation),
    /// Depthwise convolution over the token grid.
    pub depthwise: Option<(Linear, Activation)>,
    /// Second MLP layer.
    pub mlp2: Linear,
    /// Zero point of the second layer's output, and GELU's i16 table after it.
    pub mlp2_gelu: Option<(i8, Vec<u8>)>,
}

/// The last normalisation and the pool.
#[derive(Clone, Debug)]
pub struct End {
    /// Added to the variance.
    pub eps: u32,
    /// i16, `[dim]`.
    pub gamma: Vec<u8>,
    /// i32, `[dim]`.
    pub beta: Vec<u8>,
    /// Fraction bits of `beta`.
    pub shift: u8,
    /// Zero point of the output.
    pub zero_point: i8,
    /// From a mean pool's sums to the i8 embedding.
    pub embedding: Option<RequantRecord>,
}

/// The class head.
#[derive(Clone, Debug)]
pub struct ClassHead {
    /// Hidden layers in order.
    pub hidden: Vec<(Linear, Activation)>,
    /// i8, `[classes, k]`.
    pub weights: Vec<u8>,
    /// i32, `[classes]`.
    pub bias: Vec<u8>,
    /// From logit distances to octaves.
    pub probability: RequantRecord,
}

/// The attribute head.
#[derive(Clone, Debug)]
pub struct AttributeHead {
    /// Names separated by newlines.
    pub names: String,
    /// i8, `[attributes, dim]`.
    pub weights: Vec<u8>,
    /// i32, `[attributes]`.
    pub bias: Vec<u8>,
    /// i32, `[attributes]`.
    pub mult: Vec<u8>,
    /// `[attributes]`.
    pub shift: Vec<u8>,
}

/// The descriptor head.
#[derive(Clone, Debug)]
pub struct DescriptorHead {
    /// Blocks before the tokens are summed.
    pub block: u8,
    /// Rows and columns of cells.
    pub cells: [u8; 2],
    /// Bias and rescale of each channel of a cell; no weights.
    pub channels: Linear,
    /// Over the cells.
    pub appearance: PartHead,
    /// Over the embedding.
    pub class: PartHead,
    /// i8, `[classes, dim of the class part]`.
    pub known_weights: Vec<u8>,
    /// i32, `[classes]`.
    pub known_bias: Vec<u8>,
    /// To the weight of the class part.
    pub known_scale: RequantRecord,
}

/// One part of a fingerprint.
#[derive(Clone, Debug)]
pub struct PartHead {
    /// Number of values.
    pub dim: u8,
    /// From inputs to i16 values.
    pub layer: Linear,
    /// From these to i8.
    pub norm: NormRecord,
    /// i8, `[64, dim]`.
    pub code_weights: Vec<u8>,
    /// i32, `[64]`.
    pub code_bias: Vec<u8>,
}

impl DescriptorHead {
    /// The body of the head.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = DescriptorRecord {
            block: self.block,
            cells: self.cells,
            bias: &self.channels.bias,
            mult: &self.channels.mult,
            shift: &self.channels.shift,
            appearance: self.appearance.record(),
            class: self.class.record(),
            known: LogitsRecord {
                weights: &self.known_weights,
                bias: &self.known_bias,
                probability: self.known_scale,
            },
        };
        grow(|buffer| write_descriptor(&head, buffer))
    }
}

impl PartHead {
    fn record(&self) -> PartRecord<'_> {
        PartRecord {
            dim: self.dim,
            layer: self.layer.record(),
            norm: self.norm,
            code_weights: &self.code_weights,
            code_bias: &self.code_bias,
        }
    }
}

impl Network {
    /// The blob.
    pub fn to_bytes(&self) -> Vec<u8> {
        let convs: Vec<_> = self.convs.iter().map(Conv::record).collect();
        let blocks: Vec<_> = self.blocks.iter().map(Block::record).collect();
        let class_head = self.class_head.to_bytes();
        let mut heads = vec![HeadRecord { kind: HEAD_CLASS, body: &class_head }];
        heads.extend(self.other_heads.iter().map(|(kind, body)| HeadRecord { kind: *kind, body }));
        let blob = runtime::format::Blob {
            arithmetic: ARITHMETIC_INT8,
            header: Header {
                spec: self.spec.clone(),
                input: self.pad,
                class_names: &self.class_names,
            },
            convs: &convs,
            embed: self.embed.record(),
            position: &self.position,
            blocks: &blocks,
            end: self.end.record(),
            heads: &heads,
        };
        grow(|buffer| write(&blob, buffer))
    }
}

impl Linear {
    fn record(&self) -> LinearRecord<'_> {
        LinearRecord {
            weights: &self.weights,
            bias: &self.bias,
            mult: &self.mult,
            shift: &self.shift,
        }
    }
}

impl Activation {
    fn record(&self) -> ActivationRecord<'_> {
        ActivationRecord {
            zero_point: self.zero_point,
            gelu: self
                .gelu
                .as_ref()
                .map(|(table, zero_point)| GeluRecord { table, zero_point: *zero_point }),
        }
    }
}

impl Conv {
    fn record(&self) -> Int8Conv<'_> {
        ConvRecord {
            linear: self.linear.record(),
            activation: self.activation.record(),
            skip: self.skip,
        }
    }
}

impl Block {
    fn record(&self) -> Int8Block<'_> {
        BlockRecord {
            norm1: self.norm1,
            qkv: self.qkv.record(),
            attention: AttentionRecord { scores: self.scores, context: self.context },
            project: self.project.record(),
            norm2: self.norm2,
            mlp1: pair(&self.mlp1),
            depthwise: self.depthwise.as_ref().map(pair),
            mlp2: self.mlp2.record(),
            mlp2_gelu: self
                .mlp2_gelu
                .as_ref()
                .map(|(zero_point, table)| SecondGeluRecord { zero_point: *zero_point, table }),
        }
    }
}

impl End {
    fn record(&self) -> Int8End<'_> {
        let norm = LastNormRecord {
            eps: self.eps,
            gamma: &self.gamma,
            beta: &self.beta,
            shift: self.shift,
            zero_point: self.zero_point,
        };
        EndRecord { norm, embedding: self.embedding }
    }
}

impl ClassHead {
    /// The body of the head's record.
    pub fn to_bytes(&self) -> Vec<u8> {
        let hidden: Vec<_> = self.hidden.iter().map(pair).collect();
        let last = LogitsRecord {
            weights: &self.weights,
            bias: &self.bias,
            probability: self.probability,
        };
        grow(|buffer| write_class_head(&hidden, &last, buffer))
    }
}

impl AttributeHead {
    /// The body of the head's record.
    pub fn to_bytes(&self) -> Vec<u8> {
        let record = AttributesRecord {
            names: &self.names,
            weights: &self.weights,
            bias: &self.bias,
            mult: &self.mult,
            shift: &self.shift,
        };
        grow(|buffer| write_attributes(&record, buffer))
    }
}

fn pair((linear, activation): &(Linear, Activation)) -> (LinearRecord<'_>, ActivationRecord<'_>) {
    (linear.record(), activation.record())
}

/// The bytes that `write` writes. The buffer is doubled until it is large enough.
pub(crate) fn grow(write: impl Fn(&mut [u8]) -> Result<usize, WriteError>) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 12];
    loop {
        match write(&mut buffer) {
            Ok(len) => {
                buffer.truncate(len);
                return buffer;
            }
            Err(WriteError) => buffer.resize(2 * buffer.len(), 0),
        }
    }
}
