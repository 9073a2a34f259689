//! One block: attention, then MLP, each added to the residual stream.

use super::{attention, mlp};
use crate::arithmetic::Arithmetic;
use crate::network::Network;
use crate::site::{SiteId, SiteValues};

/// Runs half a block on the residual stream at the front of the arena: attention of block
/// `half / 2`, or its MLP.
pub(super) fn half<A: Arithmetic>(
    network: &Network<'_, A>,
    half: usize,
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    let index = half / 2;
    let block = network.blocks.get(index)?;
    let number = u8::try_from(index).ok()?;
    let mut observer = |at, values: SiteValues<'_>| {
        observer(SiteId::Block { block: number, at }, values);
    };
    if half.is_multiple_of(2) {
        attention::attention(network, block, arena, &mut observer)
    } else {
        mlp::mlp(network, block, arena, &mut observer)
    }
}
