//! Records to a model: geometry first, then every tensor against it.

use super::check::Check;
use super::{Block, ClassHead, Conv, MAX_CONVS, Model};
use crate::config::{MAX_DEPTH, Pool, StemGeometry, StemStage, VitConfig};
use crate::error::{FormatError, RecordId};
use crate::fixed::ProbabilityScale;
use crate::format::{
    ActivationRecord, BlockRecord, ConvRecord, EndRecord, HEAD_CLASS, HeadRecord, Header,
    LinearRecord, MAX_HEADS, Prelude, Records, RequantRecord,
};
use crate::kernels::{Kernels, NormAffine, Skip};
use heapless::Vec;

pub(super) fn parse(bytes: &[u8]) -> Result<Model<'_>, FormatError> {
    let mut records = Records::new(Prelude::check(bytes)?);
    let header: Header<'_> = records.next(RecordId::Header)?;
    let config = VitConfig::new(header.spec)?;
    class_names(header.class_names, config.classes())?;
    let (convs, embed_inputs) = convs(&mut records, &config)?;
    let check = Check(RecordId::Embed);
    let embed: LinearRecord<'_> = records.next(RecordId::Embed)?;
    let embed = check.linear(&embed, config.dim(), embed_inputs)?;
    let position: &[u8] = records.next(RecordId::Position)?;
    let position =
        Check(RecordId::Position).i16s("position", position, config.tokens() * config.dim())?;
    let mut blocks = Vec::new();
    for index in 0..config.spec().depth {
        push(
            &mut blocks,
            block(&mut records, &config, RecordId::Block(index))?,
            RecordId::Header,
        )?;
    }
    let end: EndRecord<'_> = records.next(RecordId::End)?;
    let check = Check(RecordId::End);
    check.eps(end.eps)?;
    check.shift(end.shift, 1, 24)?;
    let norm = NormAffine {
        eps: end.eps,
        gamma: check.i16s("gamma", end.gamma, config.dim())?,
        beta: check.i32s("beta", end.beta, config.dim(), 1 << 29)?,
        shift: end.shift,
        zero_point: end.zero_point,
    };
    let mean = config.spec().pool == Pool::Mean;
    check.presence("embedding", end.embedding.is_some(), mean)?;
    let embedding = end
        .embedding
        .map(|record| check.requant(record))
        .transpose()?;
    let head = heads(&mut records, &config)?;
    records.end()?;
    Ok(Model {
        config,
        class_names: header.class_names,
        pad: header.pad,
        convs,
        embed,
        position,
        blocks,
        norm,
        embedding,
        head,
        kernels: Kernels::best(),
    })
}

fn class_names(names: &str, expected: usize) -> Result<(), FormatError> {
    let found = names.split('\n').count();
    if names.is_empty() || found == expected {
        return Ok(());
    }
    Err(FormatError::ClassNames { found, expected })
}

/// Reads the convolutions of the stem but the last; returns them and the inputs of what follows.
fn convs<'a>(
    records: &mut Records<'a>,
    config: &VitConfig,
) -> Result<(Vec<Conv<'a>, MAX_CONVS>, usize), FormatError> {
    let mut reader = ConvReader {
        records,
        convs: Vec::new(),
        zero_point: 0,
    };
    let mut stages = config.stem_stages().peekable();
    while let Some(geometry) = stages.next() {
        if stages.peek().is_none() {
            return Ok((reader.convs, 9 * geometry.input.channels));
        }
        reader.stage(&geometry)?;
    }
    Ok((reader.convs, config.patch_len().unwrap_or(0)))
}

struct ConvReader<'r, 'a> {
    records: &'r mut Records<'a>,
    convs: Vec<Conv<'a>, MAX_CONVS>,
    /// Zero point of the last stage's output.
    zero_point: i8,
}

impl ConvReader<'_, '_> {
    fn stage(&mut self, geometry: &StemGeometry) -> Result<(), FormatError> {
        let (from, to) = (geometry.input.channels, geometry.output.channels);
        match geometry.stage {
            StemStage::Conv { gelu, .. } => self.conv(to, 9 * from, gelu, false)?,
            StemStage::Residual { hidden } => {
                self.conv(hidden.into(), 9 * from, true, false)?;
                self.conv(to, hidden.into(), false, true)?;
            }
            StemStage::InvertedResidual { hidden } => {
                self.conv(hidden.into(), from, true, false)?;
                self.conv(hidden.into(), 9, true, false)?;
                self.conv(to, hidden.into(), false, true)?;
            }
        }
        self.zero_point = self
            .convs
            .last()
            .map_or(0, |conv| conv.activation.output_zero_point());
        Ok(())
    }

    fn conv(&mut self, n: usize, k: usize, gelu: bool, skip: bool) -> Result<(), FormatError> {
        let id = RecordId::Conv(u8::try_from(self.convs.len()).unwrap_or(u8::MAX));
        let record: ConvRecord<'_> = self.records.next(id)?;
        let check = Check(id);
        check.presence("skip", record.skip.is_some(), skip)?;
        let activation = check.activation(&record.activation, gelu)?;
        let skip = match record.skip {
            None => None,
            Some(skip) => Some(Skip {
                input_zero_point: self.zero_point,
                requant: check.requant(skip)?,
                zero_point: activation.zero_point,
            }),
        };
        let layer = check.linear(&record.linear, n, k)?;
        push(
            &mut self.convs,
            Conv {
                layer,
                activation,
                skip,
            },
            RecordId::Header,
        )
    }
}

fn block<'a>(
    records: &mut Records<'a>,
    config: &VitConfig,
    id: RecordId,
) -> Result<Block<'a>, FormatError> {
    let record: BlockRecord<'a> = records.next(id)?;
    let check = Check(id);
    let (dim, width, hidden) = (config.dim(), config.attention_dim(), config.mlp_dim());
    let mlp = config.spec().mlp;
    check.presence("depthwise", record.depthwise.is_some(), mlp.depthwise)?;
    check.presence("mlp2_gelu", record.mlp2_gelu.is_some(), mlp.second_gelu)?;
    let (layer, activation) = &record.mlp1;
    let mlp1 = (
        check.linear(layer, hidden, dim)?,
        check.activation(activation, !mlp.depthwise)?,
    );
    let depthwise = match &record.depthwise {
        None => None,
        Some((layer, activation)) => Some((
            check.linear(layer, hidden, 9)?,
            check.activation(activation, true)?,
        )),
    };
    let mlp2_gelu = match &record.mlp2_gelu {
        None => None,
        Some(gelu) => Some((gelu.zero_point, check.i16s("gelu table", gelu.table, 256)?)),
    };
    let shape = (config.heads(), config.head_dim());
    Ok(Block {
        norm1: check.norm(&record.norm1)?,
        qkv: check.linear(&record.qkv, 3 * width, dim)?,
        attention: check.attention(shape, record.scores, &record.context)?,
        project: check.linear(&record.project, dim, width)?,
        norm2: check.norm(&record.norm2)?,
        mlp1,
        depthwise,
        mlp2: check.linear(&record.mlp2, dim, hidden)?,
        mlp2_gelu,
    })
}

/// Reads the list of heads and keeps the class head; kinds that are not known are passed over.
fn heads<'a>(records: &mut Records<'a>, config: &VitConfig) -> Result<ClassHead<'a>, FormatError> {
    let count: u32 = records.next(RecordId::Heads)?;
    let max = i64::try_from(MAX_HEADS).unwrap_or(i64::MAX);
    Check(RecordId::Heads).range("count", count, 1, max)?;
    let first: HeadRecord<'a> = records.next(RecordId::Head(0))?;
    Check(RecordId::Head(0)).range("kind", first.kind, HEAD_CLASS.into(), HEAD_CLASS.into())?;
    for index in 1..count {
        let id = RecordId::Head(u8::try_from(index).unwrap_or(u8::MAX));
        let _: HeadRecord<'a> = records.next(id)?;
    }
    class_head(first.body, config)
}

fn class_head<'a>(body: &'a [u8], config: &VitConfig) -> Result<ClassHead<'a>, FormatError> {
    let id = RecordId::Head(0);
    let check = Check(id);
    let mut records = Records::new(body);
    let mut hidden = Vec::new();
    let mut inputs = config.pooled_len();
    for &width in &config.spec().hidden {
        let (layer, activation): (LinearRecord<'a>, ActivationRecord<'a>) = records.next(id)?;
        let layer = check.linear(&layer, width.into(), inputs)?;
        push(
            &mut hidden,
            (layer, check.activation(&activation, true)?),
            RecordId::Header,
        )?;
        inputs = width.into();
    }
    let (weights, bias, scale): (&[u8], &[u8], RequantRecord) = records.next(id)?;
    records.end()?;
    check.len("weights", weights.len(), config.classes() * inputs)?;
    check.mult(scale.mult)?;
    check.shift(scale.shift, 10, 62)?;
    Ok(ClassHead {
        hidden,
        weights: bytemuck::cast_slice(weights),
        bias: check.bias(bias, config.classes())?,
        probability: ProbabilityScale::new(scale.mult, scale.shift)
            .ok_or(FormatError::Record { record: id })?,
    })
}

/// Appends to a list whose length the configuration bounds.
fn push<T, const N: usize>(
    list: &mut Vec<T, N>,
    item: T,
    record: RecordId,
) -> Result<(), FormatError> {
    const {
        assert!(
            N > 0 && N <= 3 * MAX_DEPTH,
            "a list of stages, blocks or layers"
        )
    };
    list.push(item).map_err(|_| FormatError::Record { record })
}
