//! Decodes a valid int8 blob to the records from which a writer makes it.

use kit::network::{Activation, Block, ClassHead, Conv, End, Linear, Network};
use runtime::config::{Grid, StemSpec, VitSpec};
use runtime::format::{
    ActivationRecord, AttentionRecord, HeadRecord, Header, LastNormRecord, LinearRecord,
    LogitsRecord, PRELUDE_LEN, RequantRecord, SecondGeluRecord,
};
use serde::Deserialize;

/// Decodes a blob that `Model::parse` accepts.
///
/// # Panics
/// If the blob is not valid.
pub fn network(blob: &[u8]) -> Network {
    let mut records = Records(&blob[PRELUDE_LEN..]);
    let header: Header<'_, [i8; 3]> = records.next();
    let spec = header.spec;
    let convs = (0..convs(&spec)).map(|_| records.conv()).collect();
    let embed = records.linear();
    let position = records.next::<&[u8]>().to_vec();
    let blocks = (0..spec.depth).map(|_| records.block()).collect();
    let end = records.end();
    let mut heads = records.heads().into_iter();
    assert!(records.0.is_empty(), "{} bytes after the heads", records.0.len());
    let (_, class_head) = heads.next().expect("a class head");
    Network {
        class_head: Records(&class_head).class_head(spec.hidden.len()),
        spec,
        pad: header.input,
        class_names: header.class_names.to_owned(),
        convs,
        embed,
        position,
        blocks,
        end,
        other_heads: heads.collect(),
    }
}

/// Convolutions of the stem, except the last.
fn convs(spec: &VitSpec) -> usize {
    let StemSpec::Conv(stages) = &spec.stem else { return 0 };
    // The number does not depend on the size of the image.
    let grid = Grid { height: 1, width: 1, channels: 1 };
    stages.iter().map(|stage| stage.convs(grid).count()).sum::<usize>() - 1
}

/// The bytes that are still to be decoded.
struct Records<'a>(&'a [u8]);

impl<'a> Records<'a> {
    fn next<T: Deserialize<'a>>(&mut self) -> T {
        let (value, rest) = postcard::take_from_bytes(self.0).expect("a record of a valid blob");
        self.0 = rest;
        value
    }

    fn linear(&mut self) -> Linear {
        let LinearRecord::<'a> { weights, bias, mult, shift } = self.next();
        let [weights, bias, mult, shift] = [weights, bias, mult, shift].map(<[u8]>::to_vec);
        Linear { weights, bias, mult, shift }
    }

    fn activation(&mut self) -> Activation {
        let record: ActivationRecord<'a> = self.next();
        let gelu = record.gelu.map(|gelu| (gelu.table.to_vec(), gelu.zero_point));
        Activation { zero_point: record.zero_point, gelu }
    }

    fn activated(&mut self) -> (Linear, Activation) {
        (self.linear(), self.activation())
    }

    fn conv(&mut self) -> Conv {
        let (linear, activation) = self.activated();
        Conv { linear, activation, skip: self.next::<Option<RequantRecord>>() }
    }

    fn block(&mut self) -> Block {
        let norm1 = self.next();
        let qkv = self.linear();
        let AttentionRecord { scores, context } = self.next();
        let project = self.linear();
        let norm2 = self.next();
        let mlp1 = self.activated();
        // An `Option`'s tag is a byte of 0 or 1, as a `bool` is.
        let depthwise = self.next::<bool>().then(|| self.activated());
        let mlp2 = self.linear();
        let mlp2_gelu = self.next::<Option<SecondGeluRecord<'a>>>();
        let mlp2_gelu = mlp2_gelu.map(|gelu| (gelu.zero_point, gelu.table.to_vec()));
        Block { norm1, qkv, scores, context, project, norm2, mlp1, depthwise, mlp2, mlp2_gelu }
    }

    fn end(&mut self) -> End {
        let LastNormRecord::<'a> { eps, gamma, beta, shift, zero_point } = self.next();
        let (gamma, beta) = (gamma.to_vec(), beta.to_vec());
        End { eps, gamma, beta, shift, zero_point, embedding: self.next() }
    }

    /// Kind and body of each head.
    fn heads(&mut self) -> Vec<(u8, Vec<u8>)> {
        let count: u32 = self.next();
        let head = |HeadRecord::<'a> { kind, body }| (kind, body.to_vec());
        (0..count).map(|_| head(self.next())).collect()
    }

    fn class_head(mut self, hidden: usize) -> ClassHead {
        let hidden = (0..hidden).map(|_| self.activated()).collect();
        let LogitsRecord::<'a> { weights, bias, probability } = self.next();
        assert!(self.0.is_empty(), "{} bytes after the class head", self.0.len());
        ClassHead { hidden, weights: weights.to_vec(), bias: bias.to_vec(), probability }
    }
}
