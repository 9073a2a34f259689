//! From records to a network: first the description, then every tensor, which is checked against it.

use super::{Block, ClassHead, Conv, MAX_CONVS, Network};
use crate::arithmetic::{Arithmetic, LayerShape, Types};
use crate::config::{Pool, StemConv, VitConfig};
use crate::error::{FormatError, RecordId};
use crate::format::{MAGIC, Names, Records, check_prelude, checksum_of};
use heapless::Vec;
use num_traits::Zero;

/// Reads a network into memory that `place` provides.
///
/// `place` gets a network without layers, stores it and returns a reference to it. After an error, the
/// stored network lacks layers.
pub(crate) fn parse<'m, 'a: 'm, A: Arithmetic>(
    bytes: &'a [u8],
    place: impl FnOnce(Network<'a, A>) -> &'m mut Network<'a, A>,
) -> Result<(), FormatError> {
    let mut records = Records::new(check_prelude(bytes, MAGIC, A::ID)?);
    let Some(header) = header::<A>(&mut records) else { return Err(records.into_fault()) };
    let network = place(empty(header, bytes));
    fill(network, &mut records).ok_or_else(|| records.into_fault())
}

/// A network without layers. Always inlined: a call would put a second network on the stack of a device.
#[inline(always)]
fn empty<'a, A: Arithmetic>(
    (config, input, class_names): Header<'a, A>,
    bytes: &'a [u8],
) -> Network<'a, A> {
    Network {
        config,
        class_names,
        other_heads: &[],
        checksum: checksum_of(bytes),
        input,
        convs: Vec::new(),
        embed: None,
        position: None,
        blocks: Vec::new(),
        norm: None,
        embedding: None,
        head: ClassHead { hidden: Vec::new(), logits: None },
        kernels: A::kernels(),
    }
}

/// What the description says: geometry, input, names of classes.
type Header<'a, A> = (VitConfig, <A as Types>::Input, Names<'a>);

/// Reads the description.
fn header<'a, A: Arithmetic>(records: &mut Records<'a>) -> Option<Header<'a, A>> {
    let (spec, input, names) = (records.spec()?, records.next()?, records.text()?);
    let config = match VitConfig::new(spec) {
        Ok(config) => config,
        Err(error) => return records.fail(error.into()),
    };
    let names = Names::new(names);
    let (found, expected) = (names.count(), config.classes());
    if found != 0 && found != expected {
        return records.fail(FormatError::ClassNames { found, expected });
    }
    A::input(records, &input)?;
    Some((config, input, names))
}

/// Reads every layer.
fn fill<'a, A: Arithmetic>(network: &mut Network<'a, A>, records: &mut Records<'a>) -> Option<()> {
    layers(network, records)?;
    let (body, other_heads) = records.heads()?;
    network.other_heads = other_heads;
    let config = &network.config;
    let rest = records.replace(body);
    class_head(&mut network.head, records, config)?;
    records.end()?;
    records.replace(rest);
    records.end()
}

/// Reads every layer before the list of heads.
fn layers<'a, A: Arithmetic>(
    network: &mut Network<'a, A>,
    records: &mut Records<'a>,
) -> Option<()> {
    convs(&mut network.convs, records, &network.config)?;
    let config = &network.config;
    let inputs = match config.last_conv() {
        Some(conv) => conv.inputs(),
        None => config.patch_len()?,
    };
    records.enter(RecordId::Embed);
    network.embed = Some(A::read_linear(records, LayerShape { outputs: config.dim(), inputs })?);
    records.enter(RecordId::Position);
    network.position = Some(A::read_position(records, config.tokens() * config.dim())?);
    for index in 0..config.spec().depth {
        records.enter(RecordId::Block(index));
        network.blocks.push(block::<A>(records, config)?).ok()?;
    }
    records.enter(RecordId::End);
    network.norm = Some(A::read_last_norm(records, config.dim())?);
    let mean = config.spec().pool == Pool::Mean;
    network.embedding = A::read_embedding(records, mean.then(|| config.tokens()))?;
    Some(())
}

/// The bytes of an intact blob between its prelude and the list of heads, and the list.
#[cfg(feature = "write")]
pub(crate) fn split_heads<A: Arithmetic>(bytes: &[u8]) -> Result<(&[u8], &[u8]), FormatError> {
    let all = check_prelude(bytes, MAGIC, A::ID)?;
    let mut records = Records::new(all);
    let list = header::<A>(&mut records).and_then(|header| {
        layers(&mut empty::<A>(header, bytes), &mut records)?;
        Some(records.rest())
    });
    let split = list.and_then(|list| all.split_at_checked(all.len() - list.len()));
    split.ok_or_else(|| records.into_fault())
}

/// Reads the convolutions of all stages of the stem but the last.
fn convs<'a, A: Arithmetic>(
    convs: &mut Vec<Conv<'a, A>, MAX_CONVS>,
    records: &mut Records<'a>,
    config: &VitConfig,
) -> Option<()> {
    // The value that stands for zero in the input of the stage. The first stage does not read it.
    let mut zero = A::Act::zero();
    for step in config.row_convs().take_while(|step| step.next.is_some()) {
        if let Some(before) = convs.last().filter(|_| step.conv.index == 0) {
            zero = A::zero(&before.activation);
        }
        let index = u8::try_from(convs.len()).unwrap_or(u8::MAX);
        records.enter(RecordId::Conv(index));
        convs.push(read_conv::<A>(records, &step.conv, zero)?).ok()?;
    }
    Some(())
}

/// Reads a convolution. `zero` is the value that stands for zero in the input of its stage.
#[inline(never)]
fn read_conv<'a, A: Arithmetic>(
    records: &mut Records<'a>,
    conv: &StemConv,
    zero: A::Act,
) -> Option<Conv<'a, A>> {
    let layer = A::read_linear(
        records,
        LayerShape { outputs: conv.output.channels, inputs: conv.inputs() },
    )?;
    let activation = A::read_activation(records, conv.gelu)?;
    let skip = A::read_skip(records, conv.skip.then_some(zero), &activation)?;
    Some(Conv { layer, activation, skip })
}

fn block<'a, A: Arithmetic>(records: &mut Records<'a>, config: &VitConfig) -> Option<Block<'a, A>> {
    let (dim, width, hidden) = (config.dim(), config.attention_dim(), config.mlp_dim());
    let mlp = config.spec().mlp;
    let shape = |outputs, inputs| LayerShape { outputs, inputs };
    let norm1 = A::read_norm(records, dim)?;
    let qkv = A::read_linear(records, shape(3 * width, dim))?;
    let attention = A::read_attention(records, config)?;
    let project = A::read_linear(records, shape(dim, width))?;
    let norm2 = A::read_norm(records, dim)?;
    let layer = A::read_linear(records, shape(hidden, dim))?;
    let mlp1 = (layer, A::read_activation(records, !mlp.depthwise)?);
    let depthwise = if records.present("depthwise", mlp.depthwise)? {
        let layer = A::read_linear(records, shape(hidden, 9))?;
        Some((layer, A::read_activation(records, true)?))
    } else {
        None
    };
    let mlp2 = A::read_linear(records, shape(dim, hidden))?;
    let mlp2_gelu = A::read_second_gelu(records, mlp.second_gelu)?;
    Some(Block { norm1, qkv, attention, project, norm2, mlp1, depthwise, mlp2, mlp2_gelu })
}

fn class_head<'a, A: Arithmetic>(
    head: &mut ClassHead<'a, A>,
    records: &mut Records<'a>,
    config: &VitConfig,
) -> Option<()> {
    let mut inputs = config.pooled_len();
    for &width in &config.spec().hidden {
        let layer = A::read_linear(records, LayerShape { outputs: width.into(), inputs })?;
        let activation = A::read_activation(records, true)?;
        head.hidden.push((layer, activation)).ok()?;
        inputs = width.into();
    }
    head.logits = Some(A::read_logits(records, LayerShape { outputs: config.classes(), inputs })?);
    Some(())
}
