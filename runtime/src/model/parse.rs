//! Records to a model: geometry first, then every tensor against it.

use super::check::Check;
use super::{Block, ClassHead, Conv, MAX_CONVS, Model, lines};
use crate::arithmetic::Arithmetic;
use crate::config::{Pool, StemGeometry, StemStage, VitConfig};
use crate::error::{FormatError, RecordId};
use crate::format::{HEAD_CLASS, HeadRecord, Header, MAX_HEADS, Records, check_prelude};
use heapless::Vec;
use num_traits::Zero;

pub(super) fn parse<A: Arithmetic>(bytes: &[u8]) -> Result<Model<'_, A>, FormatError> {
    let mut records = Records::new(check_prelude(bytes, A::ID)?);
    let header: Header<'_, A::Input> = records.next(RecordId::Header)?;
    let config = VitConfig::new(header.spec)?;
    class_names(header.class_names, config.classes())?;
    A::input(Check(RecordId::Header), &header.input)?;
    let (convs, inputs) = convs::<A>(&mut records, &config)?;
    let embed = A::read_linear(&mut records, Check(RecordId::Embed), (config.dim(), inputs))?;
    let position: &[u8] = records.next(RecordId::Position)?;
    let len = config.tokens() * config.dim();
    let position = A::position(Check(RecordId::Position), position, len)?;
    let mut blocks = Vec::new();
    for index in 0..config.spec().depth {
        let id = RecordId::Block(index);
        push(&mut blocks, block::<A>(&mut records, &config, Check(id))?, id)?;
    }
    let check = Check(RecordId::End);
    let norm = A::read_last_norm(&mut records, check, config.dim())?;
    let mean = config.spec().pool == Pool::Mean;
    let embedding = A::read_embedding(&mut records, check, mean.then(|| config.tokens()))?;
    let head = heads(&mut records, &config)?;
    records.end()?;
    Ok(Model {
        config,
        class_names: header.class_names,
        input: header.input,
        convs,
        embed,
        position,
        blocks,
        norm,
        embedding,
        head,
        kernels: A::kernels(),
    })
}

fn class_names(names: &str, expected: usize) -> Result<(), FormatError> {
    let found = lines(names).count();
    if names.is_empty() || found == expected {
        return Ok(());
    }
    Err(FormatError::ClassNames { found, expected })
}

/// Reads the convolutions of the stem but the last; returns them and the inputs of what follows.
fn convs<'a, A: Arithmetic>(
    records: &mut Records<'a>,
    config: &VitConfig,
) -> Result<(Vec<Conv<'a, A>, MAX_CONVS>, usize), FormatError> {
    let mut reader = ConvReader { records, convs: Vec::new(), zero: A::Act::zero() };
    let mut stages = config.stem_stages().peekable();
    while let Some(geometry) = stages.next() {
        if stages.peek().is_none() {
            return Ok((reader.convs, 9 * geometry.input.channels));
        }
        reader.stage(&geometry)?;
    }
    Ok((reader.convs, config.patch_len().unwrap_or(0)))
}

struct ConvReader<'r, 'a, A: Arithmetic> {
    records: &'r mut Records<'a>,
    convs: Vec<Conv<'a, A>, MAX_CONVS>,
    /// What stands for zero after the last stage; not read before there is one.
    zero: A::Act,
}

impl<A: Arithmetic> ConvReader<'_, '_, A> {
    fn stage(&mut self, geometry: &StemGeometry) -> Result<(), FormatError> {
        let (from, to) = (geometry.input.channels, geometry.output.channels);
        match geometry.stage {
            StemStage::Conv { gelu, .. } => self.conv((to, 9 * from), gelu, false)?,
            StemStage::Residual { hidden } => {
                self.conv((hidden.into(), 9 * from), true, false)?;
                self.conv((to, hidden.into()), false, true)?;
            }
            StemStage::InvertedResidual { hidden } => {
                self.conv((hidden.into(), from), true, false)?;
                self.conv((hidden.into(), 9), true, false)?;
                self.conv((to, hidden.into()), false, true)?;
            }
        }
        if let Some(conv) = self.convs.last() {
            self.zero = A::zero(&conv.activation);
        }
        Ok(())
    }

    fn conv(&mut self, shape: (usize, usize), gelu: bool, skip: bool) -> Result<(), FormatError> {
        let id = RecordId::Conv(u8::try_from(self.convs.len()).unwrap_or(u8::MAX));
        let check = Check(id);
        let layer = A::read_linear(self.records, check, shape)?;
        let activation = A::read_activation(self.records, check, gelu)?;
        let zero = skip.then_some(self.zero);
        let skip = A::read_skip(self.records, check, zero, &activation)?;
        push(&mut self.convs, Conv { layer, activation, skip }, id)
    }
}

fn block<'a, A: Arithmetic>(
    records: &mut Records<'a>,
    config: &VitConfig,
    check: Check,
) -> Result<Block<'a, A>, FormatError> {
    let (dim, width, hidden) = (config.dim(), config.attention_dim(), config.mlp_dim());
    let mlp = config.spec().mlp;
    let norm1 = A::read_norm(records, check, dim)?;
    let qkv = A::read_linear(records, check, (3 * width, dim))?;
    let attention = A::read_attention(records, check, config)?;
    let project = A::read_linear(records, check, (dim, width))?;
    let norm2 = A::read_norm(records, check, dim)?;
    let layer = A::read_linear(records, check, (hidden, dim))?;
    let mlp1 = (layer, A::read_activation(records, check, !mlp.depthwise)?);
    // An `Option`'s tag is a byte of 0 or 1, as a `bool` is.
    let present: bool = records.next(check.0)?;
    check.presence("depthwise", present, mlp.depthwise)?;
    let depthwise = if present {
        let layer = A::read_linear(records, check, (hidden, 9))?;
        Some((layer, A::read_activation(records, check, true)?))
    } else {
        None
    };
    let mlp2 = A::read_linear(records, check, (dim, hidden))?;
    let mlp2_gelu = A::read_second_gelu(records, check, mlp.second_gelu)?;
    Ok(Block { norm1, qkv, attention, project, norm2, mlp1, depthwise, mlp2, mlp2_gelu })
}

/// Reads the list of heads and keeps the class head; kinds that are not known are passed over. A
/// second class head is not: which of the two counts would be a guess.
fn heads<'a, A: Arithmetic>(
    records: &mut Records<'a>,
    config: &VitConfig,
) -> Result<ClassHead<'a, A>, FormatError> {
    let count: u32 = records.next(RecordId::Heads)?;
    let max = i64::try_from(MAX_HEADS).unwrap_or(i64::MAX);
    Check(RecordId::Heads).range("count", count, 1, max)?;
    let first: HeadRecord<'a> = records.next(RecordId::Head(0))?;
    Check(RecordId::Head(0)).range("kind", first.kind, HEAD_CLASS.into(), HEAD_CLASS.into())?;
    for index in 1..count {
        let id = RecordId::Head(u8::try_from(index).unwrap_or(u8::MAX));
        let head: HeadRecord<'a> = records.next(id)?;
        Check(id).range("kind", head.kind, i64::from(HEAD_CLASS) + 1, u8::MAX.into())?;
    }
    class_head(first.body, config)
}

fn class_head<'a, A: Arithmetic>(
    body: &'a [u8],
    config: &VitConfig,
) -> Result<ClassHead<'a, A>, FormatError> {
    let check = Check(RecordId::Head(0));
    let mut records = Records::new(body);
    let mut hidden = Vec::new();
    let mut inputs = config.pooled_len();
    for &width in &config.spec().hidden {
        let layer = A::read_linear(&mut records, check, (width.into(), inputs))?;
        let activation = A::read_activation(&mut records, check, true)?;
        push(&mut hidden, (layer, activation), check.0)?;
        inputs = width.into();
    }
    let (logits, probability) = A::read_logits(&mut records, check, (config.classes(), inputs))?;
    records.end()?;
    Ok(ClassHead { hidden, logits, probability })
}

/// Appends to a list whose length the configuration bounds.
fn push<T, const N: usize>(
    list: &mut Vec<T, N>,
    item: T,
    record: RecordId,
) -> Result<(), FormatError> {
    list.push(item).map_err(|_| FormatError::Record { record })
}
