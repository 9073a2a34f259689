//! One block: attention, then MLP, each added to the residual stream.

use super::{attention, mlp};
use crate::arithmetic::Arithmetic;
use crate::model::Model;
use crate::site::{SiteId, SiteValues};

/// Runs block `index` on the residual stream at the front of the arena.
pub(super) fn block<A: Arithmetic>(
    model: &Model<'_, A>,
    index: usize,
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    let block = model.blocks.get(index)?;
    let number = u8::try_from(index).ok()?;
    attention::attention(model, block, arena, &mut |at, values: SiteValues<'_>| {
        observer(SiteId::Block { block: number, at }, values);
    })?;
    mlp::mlp(model, block, arena, &mut |at, values: SiteValues<'_>| {
        observer(SiteId::Block { block: number, at }, values);
    })
}
