//! Records to a model: geometry first, then every tensor against it.

use super::check::Limits;
use super::{Block, ClassHead, Conv, MAX_CONVS, Model, lines};
use crate::arithmetic::{Arithmetic, Types};
use crate::config::{Pool, StemConv, VitConfig};
use crate::error::{FormatError, RecordId};
use crate::format::{HEAD_CLASS, MAX_HEADS, Records, check_prelude};
use heapless::Vec;
use num_traits::Zero;

#[expect(clippy::cast_possible_wrap, reason = "a small constant")]
const HEADS: Limits = Limits::new("count", 1, MAX_HEADS as i64);
const FIRST_HEAD: Limits = Limits::new("kind", HEAD_CLASS as i64, HEAD_CLASS as i64);
/// A second class head is not passed over: which of the two counts would be a guess.
const OTHER_HEAD: Limits = Limits::new("kind", HEAD_CLASS as i64 + 1, u8::MAX as i64);

/// Reads a model.
pub(super) fn parse<A: Arithmetic>(bytes: &[u8]) -> Result<Model<'_, A>, FormatError> {
    let mut place = None;
    parse_into(bytes, &mut place)?;
    // It is there after success.
    place.ok_or(FormatError::Record { record: RecordId::Header })
}

/// Reads a model into `place`, which holds none after an error.
///
/// A model is kilobytes: returned, it would be in the frames of the function and of its caller.
pub(super) fn parse_into<'m, 'a, A: Arithmetic>(
    bytes: &'a [u8],
    place: &'m mut Option<Model<'a, A>>,
) -> Result<&'m Model<'a, A>, FormatError> {
    *place = None;
    let mut records = Records::new(check_prelude(bytes, A::ID)?);
    let Some((config, input, class_names)) = header::<A>(&mut records) else {
        return Err(records.into_fault());
    };
    let model = place.insert(Model {
        config,
        class_names,
        input,
        convs: Vec::new(),
        embed: None,
        position: None,
        blocks: Vec::new(),
        norm: None,
        embedding: None,
        head: ClassHead { hidden: Vec::new(), logits: None },
        kernels: A::kernels(),
    });
    if fill(model, &mut records).is_none() {
        *place = None;
    }
    place.as_ref().ok_or_else(|| records.into_fault())
}

/// What the description says: geometry, input, names of classes.
type Header<'a, A> = (VitConfig, <A as Types>::Input, &'a str);

/// Reads the description.
fn header<'a, A: Arithmetic>(records: &mut Records<'a>) -> Option<Header<'a, A>> {
    let (spec, input, names) = (records.spec()?, records.next()?, records.text()?);
    let config = match VitConfig::new(spec) {
        Ok(config) => config,
        Err(error) => return records.fail(error.into()),
    };
    class_names(records, names, config.classes())?;
    A::input(records, &input)?;
    Some((config, input, names))
}

fn class_names(records: &mut Records<'_>, names: &str, expected: usize) -> Option<()> {
    let found = lines(names).count();
    if names.is_empty() || found == expected {
        return Some(());
    }
    records.fail(FormatError::ClassNames { found, expected })
}

/// Reads every layer.
fn fill<'a, A: Arithmetic>(model: &mut Model<'a, A>, records: &mut Records<'a>) -> Option<()> {
    let inputs = convs(&mut model.convs, records, &model.config)?;
    let config = &model.config;
    records.enter(RecordId::Embed);
    model.embed = Some(A::read_linear(records, (config.dim(), inputs))?);
    records.enter(RecordId::Position);
    model.position = Some(A::read_position(records, config.tokens() * config.dim())?);
    for index in 0..config.spec().depth {
        records.enter(RecordId::Block(index));
        model.blocks.push(block::<A>(records, config)?).ok()?;
    }
    records.enter(RecordId::End);
    model.norm = Some(A::read_last_norm(records, config.dim())?);
    let mean = config.spec().pool == Pool::Mean;
    model.embedding = A::read_embedding(records, mean.then(|| config.tokens()))?;
    let body = heads(records)?;
    let rest = records.replace(body);
    class_head(&mut model.head, records, config)?;
    records.end()?;
    records.replace(rest);
    records.end()
}

/// Reads the convolutions of the stem but the last; returns the inputs of what follows.
fn convs<'a, A: Arithmetic>(
    convs: &mut Vec<Conv<'a, A>, MAX_CONVS>,
    records: &mut Records<'a>,
    config: &VitConfig,
) -> Option<usize> {
    // What stands for zero in the input of the stage; not read in the first one.
    let mut zero = A::Act::zero();
    let mut stem = config.stem_convs().peekable();
    while let Some(conv) = stem.next() {
        if stem.peek().is_none() {
            return Some(conv.inputs());
        }
        if let (0, Some(before)) = (conv.index, convs.last()) {
            zero = A::zero(&before.activation);
        }
        let index = u8::try_from(convs.len()).unwrap_or(u8::MAX);
        records.enter(RecordId::Conv(index));
        convs.push(read_conv::<A>(records, &conv, zero)?).ok()?;
    }
    Some(config.patch_len().unwrap_or(0))
}

/// Reads a convolution of a stage in whose input `zero` stands for zero.
#[inline(never)]
fn read_conv<'a, A: Arithmetic>(
    records: &mut Records<'a>,
    conv: &StemConv,
    zero: A::Act,
) -> Option<Conv<'a, A>> {
    let layer = A::read_linear(records, (conv.output.channels, conv.inputs()))?;
    let activation = A::read_activation(records, conv.gelu)?;
    let skip = A::read_skip(records, conv.skip.then_some(zero), &activation)?;
    Some(Conv { layer, activation, skip })
}

fn block<'a, A: Arithmetic>(records: &mut Records<'a>, config: &VitConfig) -> Option<Block<'a, A>> {
    let (dim, width, hidden) = (config.dim(), config.attention_dim(), config.mlp_dim());
    let mlp = config.spec().mlp;
    let norm1 = A::read_norm(records, dim)?;
    let qkv = A::read_linear(records, (3 * width, dim))?;
    let attention = A::read_attention(records, config)?;
    let project = A::read_linear(records, (dim, width))?;
    let norm2 = A::read_norm(records, dim)?;
    let layer = A::read_linear(records, (hidden, dim))?;
    let mlp1 = (layer, A::read_activation(records, !mlp.depthwise)?);
    let depthwise = if records.present("depthwise", mlp.depthwise)? {
        let layer = A::read_linear(records, (hidden, 9))?;
        Some((layer, A::read_activation(records, true)?))
    } else {
        None
    };
    let mlp2 = A::read_linear(records, (dim, hidden))?;
    let mlp2_gelu = A::read_second_gelu(records, mlp.second_gelu)?;
    Some(Block { norm1, qkv, attention, project, norm2, mlp1, depthwise, mlp2, mlp2_gelu })
}

/// Reads the list of heads and returns the class head; kinds that are not known are passed over.
fn heads<'a>(records: &mut Records<'a>) -> Option<&'a [u8]> {
    records.enter(RecordId::Heads);
    let count = records.u32_within(&HEADS)?;
    records.enter(RecordId::Head(0));
    records.u8_within(&FIRST_HEAD)?;
    let body = records.next()?;
    for index in 1..count {
        records.enter(RecordId::Head(u8::try_from(index).unwrap_or(u8::MAX)));
        records.u8_within(&OTHER_HEAD)?;
        records.next::<&[u8]>()?;
    }
    records.enter(RecordId::Head(0));
    Some(body)
}

fn class_head<'a, A: Arithmetic>(
    head: &mut ClassHead<'a, A>,
    records: &mut Records<'a>,
    config: &VitConfig,
) -> Option<()> {
    let mut inputs = config.pooled_len();
    for &width in &config.spec().hidden {
        let layer = A::read_linear(records, (width.into(), inputs))?;
        let activation = A::read_activation(records, true)?;
        head.hidden.push((layer, activation)).ok()?;
        inputs = width.into();
    }
    head.logits = Some(A::read_logits(records, (config.classes(), inputs))?);
    Some(())
}
