//! The descriptor head of a blob, which is read only on request.

use super::Network;
use crate::arithmetic::{FromRecords, Int8, LayerShape, StoredLinear};
use crate::config::{Grid, Pool};
use crate::error::FormatError;
use crate::fixed::Requant;
use crate::format::{CODE_BITS, HEAD_DESCRIPTOR, I32Le, Limits, Records};
use crate::kernels::Norm;

/// How a network makes a fingerprint, borrowed from its blob.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DescriptorHead<'a> {
    /// Blocks before the tokens are summed.
    pub(crate) block: usize,
    pub(crate) cells: Cells,
    pub(crate) channels: CellChannels<'a>,
    pub(crate) appearance: Part<'a>,
    pub(crate) class: Part<'a>,
    pub(crate) known: Known<'a>,
}

/// The cells of the token grid, all of one size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Height and width of a cell in tokens, and the width of a token.
    pub(crate) size: Grid,
}

/// From the sum of each channel over a cell to i8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellChannels<'a> {
    bias: I32Le<'a>,
    mult: I32Le<'a>,
    shift: &'a [u8],
}

/// How one part is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) layer: StoredLinear<'a>,
    pub(crate) norm: Norm,
    /// `[64, dim]`.
    pub(crate) code_weights: &'a [i8],
    pub(crate) code_bias: I32Le<'a>,
}

/// A prototype of the class part for each class, and the rescale of the nearest one to a weight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// `[classes, dim]`.
    pub(crate) weights: &'a [i8],
    pub(crate) bias: I32Le<'a>,
    /// From the largest product to the weight of the class part.
    pub(crate) scale: Requant,
}

impl Cells {
    /// Number of cells.
    pub(crate) const fn count(&self) -> usize {
        self.rows * self.columns
    }
}

impl CellChannels<'_> {
    /// What is added to the sum of each channel, and its rescale.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i32, Requant)> {
        let factors = self.mult.iter().zip(self.shift);
        let factors = factors.map(|(mult, &shift)| Requant::nearest(mult, shift));
        self.bias.iter().zip(factors)
    }
}

/// Reads and checks the descriptor head that follows the class head of `network`; `None` if there is none.
pub(crate) fn descriptor_head<'a>(
    network: &Network<'a, Int8>,
) -> Result<Option<DescriptorHead<'a>>, FormatError> {
    let mut records = Records::new(network.other_heads);
    find(&mut records, network).ok_or_else(|| records.into_fault())
}

fn find<'a>(
    records: &mut Records<'a>,
    network: &Network<'a, Int8>,
) -> Option<Option<DescriptorHead<'a>>> {
    let Some(body) = records.head_of_kind(HEAD_DESCRIPTOR)? else { return Some(None) };
    records.replace(body);
    let head = head(records, network)?;
    records.end()?;
    Some(Some(head))
}

fn head<'a>(records: &mut Records<'a>, network: &Network<'a, Int8>) -> Option<DescriptorHead<'a>> {
    let (config, dim) = (&network.config, network.config.dim());
    let grid = config.token_grid().filter(|_| config.spec().pool == Pool::Mean);
    let Some(grid) = grid else {
        let (record, field) = (records.record(), "mean pool over a token grid");
        return records.fail(FormatError::Presence { record, field, expected: true });
    };
    let block = records.u8_within(&Limits::new("block", 1, config.spec().depth.into()))?.into();
    let (rows, height) = divisor(records, "rows", grid.height)?;
    let (columns, width) = divisor(records, "columns", grid.width)?;
    let cells = Cells { rows, columns, size: Grid { height, width, channels: dim } };
    let channels = CellChannels {
        bias: records.bias(dim)?,
        mult: records.i32s(&Limits::MULT, dim)?,
        shift: shifts(records, dim)?,
    };
    let (appearance, _) = part(records, cells.count() * dim)?;
    let (class, values) = part(records, dim)?;
    let known = Known {
        weights: bytemuck::cast_slice(records.bytes("weights", config.classes() * values)?),
        bias: records.bias(config.classes())?,
        scale: Requant::new(records.mult()?.cast_signed(), records.u8_within(&Limits::SHIFT)?)?,
    };
    Some(DescriptorHead { block, cells, channels, appearance, class, known })
}

/// A number of cells that divides a side of the token grid, and the side of a cell in tokens.
fn divisor(records: &mut Records<'_>, field: &'static str, side: usize) -> Option<(usize, usize)> {
    let max = i64::try_from(side).ok()?;
    let cells = records.u8_within(&Limits::new(field, 1, max))?.into();
    if side.checked_rem(cells)? != 0 {
        let (record, found) = (records.record(), cells);
        return records.fail(FormatError::Cells { record, cells: field, found, side });
    }
    Some((cells, side.checked_div(cells)?))
}

fn shifts<'a>(records: &mut Records<'a>, n: usize) -> Option<&'a [u8]> {
    let shifts = records.bytes("shift", n)?;
    for &shift in shifts {
        records.within(&Limits::SHIFT, shift.into())?;
    }
    Some(shifts)
}

/// A part over `inputs` values, and the number of its own values.
#[inline(never)]
fn part<'a>(records: &mut Records<'a>, inputs: usize) -> Option<(Part<'a>, usize)> {
    let values = records.u8_within(&Limits::PART)?.into();
    let part = Part {
        layer: Int8::read_linear(records, LayerShape { outputs: values, inputs })?,
        norm: Int8::read_norm(records, values)?,
        code_weights: bytemuck::cast_slice(records.bytes("code weights", CODE_BITS * values)?),
        code_bias: records.bias(CODE_BITS)?,
    };
    Some((part, values))
}
