//! A pass that also makes a fingerprint: it sums tokens after one of the blocks, into bytes beside the memory
//! of the pass.

use super::arena::Carver;
use super::head::{Answer, head};
use super::plan::Plan;
use super::residual::residual;
use super::{stage, unobserved};
use crate::arithmetic::Int8;
use crate::config::{Grid, UNIT};
use crate::format::CODE_BITS;
use crate::kernels::{Kernels, sat8};
use crate::network::{CellChannels, Cells, DescriptorHead, Network, Part};
use crate::rows::{part, rows, rows_mut};

/// What a fingerprint consists of, in the arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits<'m> {
    /// Vector and code.
    pub(crate) class: (&'m [i8], u64),
    /// Vector and code.
    pub(crate) appearance: (&'m [i8], u64),
    /// Weight of the class part in 256ths.
    pub(crate) class_weight: u8,
}

/// Memory of the parts, cut off the bytes beside a pass.
struct Memory<'m> {
    cells: &'m mut [i8],
    class: &'m mut [i8],
    appearance: &'m mut [i8],
    /// Values of a part before their normalisation.
    row: &'m mut [i16],
    /// Sums of a cell, bits of a code, or products with each class.
    words: &'m mut [i32],
}

/// Lengths of [`Memory`]'s parts.
struct Lengths {
    cells: usize,
    class: usize,
    appearance: usize,
    words: usize,
}

impl Lengths {
    fn new(network: &Network<'_, Int8>, head: &DescriptorHead<'_>) -> Self {
        let dim = network.config.dim();
        Self {
            cells: head.cells.count() * dim,
            class: head.class.layer.outputs(),
            appearance: head.appearance.layer.outputs(),
            words: dim.max(CODE_BITS).max(network.config.classes()),
        }
    }

    fn row(&self) -> usize {
        self.class.max(self.appearance)
    }
}

impl<'m> Memory<'m> {
    fn cut(bytes: &'m mut [u8], lengths: &Lengths) -> Option<Self> {
        let mut carver = Carver::new(bytes);
        Some(Self {
            words: carver.front(lengths.words)?,
            row: carver.front(lengths.row())?,
            cells: carver.front(lengths.cells)?,
            class: carver.front(lengths.class)?,
            appearance: carver.front(lengths.appearance)?,
        })
    }
}

/// Bytes beside the memory of a pass.
pub(crate) fn reserve_len(network: &Network<'_, Int8>, head: &DescriptorHead<'_>) -> usize {
    let lengths = Lengths::new(network, head);
    let bytes = 4 * lengths.words + 2 * lengths.row() + lengths.cells;
    (bytes + lengths.class + lengths.appearance).next_multiple_of(UNIT)
}

/// Runs the stages from `first` on, the head, and what the descriptor adds. `reserve` has [`reserve_len`] bytes.
pub(crate) fn describe<'m>(
    network: &'m Network<'_, Int8>,
    descriptor: &DescriptorHead<'_>,
    (plan, first, image): (Plan, usize, &[u8]),
    arena: &'m mut [u8],
    reserve: &'m mut [u8],
) -> Option<(Answer<'m, Int8>, Traits<'m>)> {
    for number in first..plan.stages(network) {
        describe_stage(network, descriptor, (plan, number, image), arena, reserve)?;
    }
    describe_head(network, descriptor, arena, reserve)
}

/// Runs stage `number`. After the descriptor's block, it also sums the tokens into `reserve`, where they stay
/// until [`describe_head`].
pub(crate) fn describe_stage(
    network: &Network<'_, Int8>,
    descriptor: &DescriptorHead<'_>,
    (plan, number, image): (Plan, usize, &[u8]),
    arena: &mut [u8],
    reserve: &mut [u8],
) -> Option<()> {
    stage(network, plan, number, plan.rows(network, number, image), arena, &mut unobserved)?;
    if number + 1 == plan.ticks + 2 * descriptor.block {
        let Memory { cells, words, .. } = Memory::cut(reserve, &Lengths::new(network, descriptor))?;
        let stream = residual(network, &mut Carver::new(arena))?;
        sum_cells(stream, &descriptor.cells, &descriptor.channels, words, cells);
    }
    Some(())
}

/// Runs the head and what the descriptor adds, after all stages.
pub(crate) fn describe_head<'m>(
    network: &'m Network<'_, Int8>,
    descriptor: &DescriptorHead<'_>,
    arena: &'m mut [u8],
    reserve: &'m mut [u8],
) -> Option<(Answer<'m, Int8>, Traits<'m>)> {
    let kernels = network.kernels;
    let Memory { cells, class, appearance, row, words } =
        Memory::cut(reserve, &Lengths::new(network, descriptor))?;
    let answer = head(network, arena, &mut unobserved)?;
    make(kernels, &descriptor.class, answer.embedding, row, class);
    make(kernels, &descriptor.appearance, cells, row, appearance);
    let (class, appearance) = (&*class, &*appearance);
    let known = &descriptor.known;
    let products = words.get_mut(..known.bias.len())?;
    (kernels.logits_i8)(class, known.weights, known.bias, products);
    let nearest = products.iter().fold(i32::MIN, |best, &product| best.max(product));
    let class_weight = known.scale.apply(nearest).clamp(0, u8::MAX.into());
    let words = words.get_mut(..CODE_BITS)?;
    Some((
        answer,
        Traits {
            class: (class, code(kernels, &descriptor.class, class, words)),
            appearance: (appearance, code(kernels, &descriptor.appearance, appearance, words)),
            class_weight: u8::try_from(class_weight).unwrap_or(u8::MAX),
        },
    ))
}

/// The tokens of each cell, summed channel by channel and rescaled: `[rows, columns, dim]`.
fn sum_cells(
    stream: &[i16],
    cells: &Cells,
    channels: &CellChannels<'_>,
    sums: &mut [i32],
    out: &mut [i8],
) {
    let Grid { height, width, channels: dim } = cells.size;
    let line = cells.columns * width * dim;
    let Some(sums) = sums.get_mut(..dim) else { return };
    for (band, out) in rows(stream, height * line).zip(rows_mut(out, cells.columns * dim)) {
        for (column, out) in rows_mut(out, dim).enumerate() {
            sums.fill(0);
            for line in rows(band, line) {
                for token in rows(part(line, column * width * dim, width * dim), dim) {
                    for (sum, &x) in sums.iter_mut().zip(token) {
                        *sum += i32::from(x);
                    }
                }
            }
            for ((out, &sum), (bias, requant)) in out.iter_mut().zip(&*sums).zip(channels.iter()) {
                *out = sat8(requant.apply(sum + bias));
            }
        }
    }
}

/// A part from its inputs.
fn make(kernels: &Kernels, part: &Part<'_>, x: &[i8], row: &mut [i16], out: &mut [i8]) {
    let Some(row) = row.get_mut(..out.len()) else { return };
    row.fill(0);
    (kernels.linear_add_i16)(x, &part.layer.operand(), row);
    (kernels.layer_norm_i8)(row, out.len(), &part.norm, out);
}

/// The code of a vector: bit i is set if the product with row i is above zero.
fn code(kernels: &Kernels, part: &Part<'_>, vector: &[i8], sums: &mut [i32]) -> u64 {
    (kernels.logits_i8)(vector, part.code_weights, part.code_bias, sums);
    // The last bit first.
    sums.iter().rev().fold(0, |code, &sum| code << 1 | u64::from(sum > 0))
}
