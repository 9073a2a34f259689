//! Owns the bytes that the records of a blob borrow.

use crate::quantize::{Multiplier, QuantLinear};
use runtime::format::{
    ActivationRecord, AttentionRecord, BlockRecord, ConvRecord, GeluRecord, Int8Block, Int8Conv,
    LinearRecord, NormRecord, RequantRecord, SecondGeluRecord,
};

/// Little-endian bytes of i32 values.
pub(super) fn i32_bytes(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Little-endian bytes of i16 values.
pub(super) fn i16_bytes(values: &[i16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Bytes of i8 values.
pub(super) fn i8_bytes(values: &[i8]) -> Vec<u8> {
    values.iter().map(|value| value.cast_unsigned()).collect()
}

impl From<Multiplier> for RequantRecord {
    fn from(multiplier: Multiplier) -> Self {
        Self { mult: multiplier.mult, shift: multiplier.shift }
    }
}

/// The bytes of a layer.
pub(super) struct LinearBytes {
    weights: Vec<u8>,
    bias: Vec<u8>,
    mult: Vec<u8>,
    shift: Vec<u8>,
}

impl LinearBytes {
    pub(super) fn new(layer: &QuantLinear) -> Self {
        Self {
            weights: i8_bytes(&layer.weights),
            bias: i32_bytes(&layer.bias),
            mult: i32_bytes(&layer.mult),
            shift: layer.shift.clone(),
        }
    }

    pub(super) fn record(&self) -> LinearRecord<'_> {
        LinearRecord {
            weights: &self.weights,
            bias: &self.bias,
            mult: &self.mult,
            shift: &self.shift,
        }
    }
}

/// How a layer stores its output: the zero point, and a GELU table with the zero point of its values.
pub(super) struct ActivationBytes {
    pub(super) zero_point: i8,
    pub(super) gelu: Option<(Vec<u8>, i8)>,
}

impl ActivationBytes {
    pub(super) fn record(&self) -> ActivationRecord<'_> {
        let gelu = self.gelu.as_ref();
        ActivationRecord {
            zero_point: self.zero_point,
            gelu: gelu.map(|(table, zero_point)| GeluRecord { table, zero_point: *zero_point }),
        }
    }
}

/// The bytes of a convolution of the stem. `skip` is the rescale of the stage's input, if it is added.
pub(super) struct ConvBytes {
    pub(super) linear: LinearBytes,
    pub(super) activation: ActivationBytes,
    pub(super) skip: Option<RequantRecord>,
}

impl ConvBytes {
    pub(super) fn record(&self) -> Int8Conv<'_> {
        ConvRecord {
            linear: self.linear.record(),
            activation: self.activation.record(),
            skip: self.skip,
        }
    }
}

/// The bytes of a block.
pub(super) struct BlockBytes {
    pub(super) norm1: NormRecord,
    pub(super) qkv: LinearBytes,
    pub(super) attention: AttentionRecord,
    pub(super) project: LinearBytes,
    pub(super) norm2: NormRecord,
    pub(super) mlp1: (LinearBytes, ActivationBytes),
    pub(super) depthwise: Option<(LinearBytes, ActivationBytes)>,
    pub(super) mlp2: LinearBytes,
    pub(super) mlp2_gelu: Option<(i8, Vec<u8>)>,
}

impl BlockBytes {
    pub(super) fn record(&self) -> Int8Block<'_> {
        fn pair<'a>(
            (linear, activation): &'a (LinearBytes, ActivationBytes),
        ) -> (LinearRecord<'a>, ActivationRecord<'a>) {
            (linear.record(), activation.record())
        }
        let second = self.mlp2_gelu.as_ref();
        BlockRecord {
            norm1: self.norm1,
            qkv: self.qkv.record(),
            attention: self.attention,
            project: self.project.record(),
            norm2: self.norm2,
            mlp1: pair(&self.mlp1),
            depthwise: self.depthwise.as_ref().map(pair),
            mlp2: self.mlp2.record(),
            mlp2_gelu: second
                .map(|(zero_point, table)| SecondGeluRecord { zero_point: *zero_point, table }),
        }
    }
}
