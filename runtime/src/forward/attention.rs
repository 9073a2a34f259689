//! `x += project(attention(norm(x)))`.

use super::arena::Carver;
use super::residual::residual;
use crate::arithmetic::Arithmetic;
use crate::network::{Block, Network};
use crate::site::{BlockSite, Columns, SiteValues};

/// Adds attention to the residual stream.
pub(super) fn attention<A: Arithmetic>(
    network: &Network<'_, A>,
    block: &Block<'_, A>,
    arena: &mut [u8],
    observer: &mut impl FnMut(BlockSite, SiteValues<'_>),
) -> Option<()> {
    let (tokens, dim, width) =
        (network.config.tokens(), network.config.dim(), network.config.attention_dim());
    let mut carver = Carver::new(arena);
    let stream = residual(network, &mut carver)?;
    let scores = carver.front::<A::Acc>(tokens)?;
    let shared = carver.front::<A::Act>(tokens * dim.max(width))?;
    let qkv = carver.front::<A::Act>(3 * tokens * width)?;
    let kernels = network.kernels;

    let normed = shared.get_mut(..tokens * dim)?;
    let zero = A::norm(kernels, stream, dim, &block.norm1, normed); //            [tokens, dim]
    observer(BlockSite::Norm1, A::show(normed, zero));

    A::project(kernels, normed, &block.qkv, qkv); //                              [tokens, 3·width]
    let sites = [BlockSite::Query, BlockSite::Key, BlockSite::Value];
    for (third, at) in sites.into_iter().enumerate() {
        let columns = Columns { row: 3 * width, start: third * width, len: width };
        observer(at, A::show_columns(qkv, columns));
    }

    let context = shared.get_mut(..tokens * width)?;
    let zero = A::attention(kernels, qkv, &block.attention, scores, context); //  [tokens, width]
    observer(BlockSite::Context, A::show(context, zero));

    A::linear_add(kernels, context, &block.project, stream); //                   [tokens, dim]
    observer(BlockSite::Attention, A::show_stream(stream));
    Some(())
}
