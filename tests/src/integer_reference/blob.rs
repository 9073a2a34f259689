//! A reader of blobs written from `FORMAT.md` alone.
//!
//! It shares no code with the runtime's reader and checks nothing: tests give it valid blobs.

/// Every integer of the reference.
pub(super) type Z = i128;

/// One blob, decoded.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    pub(super) spec: Spec,
    pub(super) pad: [Z; 3],
    pub(super) convs: Vec<Conv>,
    pub(super) embed: Layer,
    pub(super) position: Vec<Z>,
    pub(super) blocks: Vec<Block>,
    pub(super) end: End,
    pub(super) head: Head,
    pub(super) attributes: Option<AttributeHead>,
}

#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) stem: Stem,
    pub(super) dim: usize,
    pub(super) depth: usize,
    pub(super) heads: usize,
    pub(super) head_dim: usize,
    pub(super) mlp_dim: usize,
    pub(super) depthwise: bool,
    pub(super) second_gelu: bool,
    pub(super) mean: bool,
    pub(super) hidden: Vec<usize>,
    pub(super) classes: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Stem {
    Patches { size: usize, grid_order: bool },
    Conv(Vec<Stage>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    Conv { channels: usize, stride: usize, gelu: bool },
    Residual,
    InvertedResidual,
}

#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) weights: Vec<Z>,
    pub(super) bias: Vec<Z>,
    pub(super) mult: Vec<Z>,
    pub(super) shift: Vec<Z>,
}

/// Zero point before GELU; table and zero point after it.
#[derive(Clone, Debug)]
pub(super) struct Activation {
    pub(super) zero_point: Z,
    pub(super) gelu: Option<(Vec<Z>, Z)>,
}

/// `mult` and `shift`.
pub(super) type Factor = (Z, Z);

#[derive(Clone, Debug)]
pub(super) struct Conv {
    pub(super) layer: Layer,
    pub(super) activation: Activation,
    pub(super) skip: Option<Factor>,
}

#[derive(Clone, Debug)]
pub(super) struct Norm {
    pub(super) eps: Z,
    pub(super) mult: Z,
    pub(super) shift: Z,
    pub(super) zero_point: Z,
}

#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) norm1: Norm,
    pub(super) qkv: Layer,
    pub(super) mult_e: Z,
    pub(super) context: (Factor, Z),
    pub(super) project: Layer,
    pub(super) norm2: Norm,
    pub(super) mlp1: (Layer, Activation),
    pub(super) depthwise: Option<(Layer, Activation)>,
    pub(super) mlp2: Layer,
    pub(super) mlp2_gelu: Option<(Z, Vec<Z>)>,
}

#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) eps: Z,
    pub(super) gamma: Vec<Z>,
    pub(super) beta: Vec<Z>,
    pub(super) shift: Z,
    pub(super) zero_point: Z,
    pub(super) embedding: Option<Factor>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) hidden: Vec<(Layer, Activation)>,
    pub(super) weights: Vec<Z>,
    pub(super) bias: Vec<Z>,
    pub(super) probability: Factor,
}

#[derive(Clone, Debug)]
pub(super) struct AttributeHead {
    pub(super) names: Vec<String>,
    pub(super) weights: Vec<Z>,
    pub(super) bias: Vec<Z>,
    pub(super) factors: Vec<Factor>,
}

/// Reads a valid blob.
pub(super) fn read(bytes: &[u8]) -> Blob {
    assert_eq!(&bytes[..4], b"OCEL", "magic");
    assert_eq!(bytes[4..8], [1, 0, 0, 0], "version 1, int8");
    let mut at = Bytes(&bytes[16..]);
    let spec = at.spec();
    let pad = [at.i8(), at.i8(), at.i8()];
    at.byte_string(); // class names
    let stages = match &spec.stem {
        Stem::Patches { .. } => &[][..],
        Stem::Conv(stages) => &stages[..stages.len() - 1],
    };
    let convs: usize = stages.iter().map(|stage| stage.convs()).sum();
    let mut blob = Blob {
        pad,
        convs: (0..convs).map(|_| at.conv()).collect(),
        embed: at.layer(),
        position: at.i16s(),
        blocks: (0..spec.depth).map(|_| at.block()).collect(),
        end: at.end(),
        head: Head::default(),
        attributes: None,
        spec,
    };
    (blob.head, blob.attributes) = at.heads(blob.spec.hidden.len());
    assert!(at.0.is_empty(), "{} bytes after the heads", at.0.len());
    let spec = &blob.spec;
    for block in &blob.blocks {
        let (depthwise, gelu) = (block.depthwise.is_some(), block.mlp2_gelu.is_some());
        assert_eq!(depthwise, spec.depthwise, "a depthwise convolution");
        assert_eq!(gelu, spec.second_gelu, "a second GELU");
        assert_eq!(block.mlp1.0.bias.len(), spec.mlp_dim, "biases of an MLP");
    }
    assert_eq!(blob.end.embedding.is_some(), spec.mean, "an embedding");
    assert_eq!(blob.head.bias.len(), spec.classes, "biases of the logits");
    blob
}

impl Stage {
    /// Convolutions of the stage.
    pub(super) const fn convs(self) -> usize {
        match self {
            Self::Conv { .. } => 1,
            Self::Residual => 2,
            Self::InvertedResidual => 3,
        }
    }

    /// How many rows and columns the stage reads for each that it writes.
    pub(super) const fn stride(self) -> usize {
        match self {
            Self::Conv { stride, .. } => stride,
            Self::Residual | Self::InvertedResidual => 1,
        }
    }
}

/// The bytes that are still to be read.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn u8(&mut self) -> Z {
        self.take(1)[0].into()
    }

    fn i8(&mut self) -> Z {
        self.take(1)[0].cast_signed().into()
    }

    /// Whether the byte is 01 and not 00.
    fn bool(&mut self) -> bool {
        match self.u8() {
            0 => false,
            1 => true,
            other => panic!("{other} is neither true nor false"),
        }
    }

    /// LEB128.
    fn varint(&mut self) -> Z {
        let (mut value, mut weight) = (0, 1);
        loop {
            let byte = self.u8();
            value += byte % 128 * weight;
            weight *= 128;
            if byte < 128 {
                return value;
            }
        }
    }

    fn size(&mut self) -> usize {
        usize::try_from(self.varint()).expect("a size")
    }

    fn byte_string(&mut self) -> &'a [u8] {
        let len = self.size();
        self.take(len)
    }

    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.bool().then(|| read(self))
    }

    pub(super) fn u8s(&mut self) -> Vec<Z> {
        self.byte_string().iter().map(|&b| b.into()).collect()
    }

    pub(super) fn i8s(&mut self) -> Vec<Z> {
        let bytes = self.byte_string().iter();
        bytes.map(|&b| b.cast_signed().into()).collect()
    }

    fn i16s(&mut self) -> Vec<Z> {
        let words = self.byte_string().chunks_exact(2);
        words.map(|w| i16::from_le_bytes([w[0], w[1]]).into()).collect()
    }

    pub(super) fn i32s(&mut self) -> Vec<Z> {
        let words = self.byte_string().chunks_exact(4);
        words.map(|w| i32::from_le_bytes([w[0], w[1], w[2], w[3]]).into()).collect()
    }

    fn spec(&mut self) -> Spec {
        let (height, width) = (self.size(), self.size());
        let stem = match self.varint() {
            0 => Stem::Patches { size: self.take(1)[0].into(), grid_order: self.varint() == 0 },
            _ => Stem::Conv((0..self.size()).map(|_| self.stage()).collect()),
        };
        Spec {
            height,
            width,
            stem,
            dim: self.size(),
            depth: self.take(1)[0].into(),
            heads: self.take(1)[0].into(),
            head_dim: self.size(),
            mlp_dim: self.size(),
            depthwise: self.bool(),
            second_gelu: self.bool(),
            mean: self.varint() == 0,
            hidden: (0..self.size()).map(|_| self.size()).collect(),
            classes: self.size(),
        }
    }

    fn stage(&mut self) -> Stage {
        match self.varint() {
            0 => Stage::Conv {
                channels: self.size(),
                stride: self.take(1)[0].into(),
                gelu: self.bool(),
            },
            kind => {
                self.size(); // hidden channels, which the layers' lengths repeat
                match kind {
                    1 => Stage::Residual,
                    _ => Stage::InvertedResidual,
                }
            }
        }
    }

    pub(super) fn layer(&mut self) -> Layer {
        Layer { weights: self.i8s(), bias: self.i32s(), mult: self.i32s(), shift: self.u8s() }
    }

    fn activation(&mut self) -> Activation {
        Activation { zero_point: self.i8(), gelu: self.option(|at| (at.i8s(), at.i8())) }
    }

    fn activated(&mut self) -> (Layer, Activation) {
        (self.layer(), self.activation())
    }

    pub(super) fn factor(&mut self) -> Factor {
        (self.varint(), self.u8())
    }

    fn conv(&mut self) -> Conv {
        Conv { layer: self.layer(), activation: self.activation(), skip: self.option(Self::factor) }
    }

    pub(super) fn norm(&mut self) -> Norm {
        Norm { eps: self.varint(), mult: self.varint(), shift: self.u8(), zero_point: self.i8() }
    }

    fn block(&mut self) -> Block {
        Block {
            norm1: self.norm(),
            qkv: self.layer(),
            mult_e: self.varint(),
            context: (self.factor(), self.i8()),
            project: self.layer(),
            norm2: self.norm(),
            mlp1: self.activated(),
            depthwise: self.option(Self::activated),
            mlp2: self.layer(),
            mlp2_gelu: self.option(|at| (at.i8(), at.i16s())),
        }
    }

    fn end(&mut self) -> End {
        End {
            eps: self.varint(),
            gamma: self.i16s(),
            beta: self.i32s(),
            shift: self.u8(),
            zero_point: self.i8(),
            embedding: self.option(Self::factor),
        }
    }

    /// The class head, which comes first, and the attribute head; others are passed over.
    fn heads(&mut self, hidden: usize) -> (Head, Option<AttributeHead>) {
        let count = self.size();
        assert_eq!(self.u8(), 0, "the kind of the first head");
        let mut body = Self(self.byte_string());
        let mut attributes = None;
        for _ in 1..count {
            let kind = self.u8();
            let body = Self(self.byte_string());
            if kind == 1 {
                assert!(attributes.is_none(), "a second attribute head");
                attributes = Some(body.attributes());
            }
        }
        let head = Head {
            hidden: (0..hidden).map(|_| body.activated()).collect(),
            weights: body.i8s(),
            bias: body.i32s(),
            probability: body.factor(),
        };
        (head, attributes)
    }

    fn attributes(mut self) -> AttributeHead {
        let names = std::str::from_utf8(self.byte_string()).expect("names");
        AttributeHead {
            names: names.split('\n').map(str::to_owned).collect(),
            weights: self.i8s(),
            bias: self.i32s(),
            factors: self.i32s().into_iter().zip(self.u8s()).collect(),
        }
    }
}
