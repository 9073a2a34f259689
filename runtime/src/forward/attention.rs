//! `x += project(attention(norm(x)))`.

use super::arena::Carver;
use super::residual::residual;
use crate::arithmetic::Arithmetic;
use crate::network::{Block, Network};
use crate::rows::copy;
use crate::site::{BlockSite, Columns, SiteValues};

/// Adds attention to the residual stream. As many tokens as the arena has room for are normalised and
/// projected together. Attention writes its output over the queries.
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
    let qkv = carver.front::<A::Act>(3 * tokens * width)?;
    let free = carver.rest::<A::Act>()?;
    let kernels = network.kernels;

    let together = network.config.together(free.len().checked_div(dim)?);
    let mut first = 0;
    while first < tokens {
        let count = together.min(tokens - first);
        let stream = stream.get(first * dim..)?.get(..count * dim)?;
        let qkv = qkv.get_mut(first * 3 * width..)?.get_mut(..count * 3 * width)?;
        first += count;
        let normed = free.get_mut(..stream.len())?;
        let zero = A::norm(kernels, stream, dim, &block.norm1, normed); //  [together, dim]
        observer(BlockSite::Norm1, A::show(normed, zero));
        A::project(kernels, normed, &block.qkv, qkv); //                    [together, 3·width]
    }
    let sites = [BlockSite::Query, BlockSite::Key, BlockSite::Value];
    for (third, at) in sites.into_iter().enumerate() {
        let columns = Columns { row: 3 * width, start: third * width, len: width };
        observer(at, A::show_columns(qkv, columns));
    }

    let zero = A::attention(kernels, qkv, &block.attention, scores);
    for token in 1..tokens {
        let (to, from) = qkv.split_at_mut_checked(token * 3 * width)?;
        copy(to.get_mut(token * width..)?.get_mut(..width)?, from);
    }
    let context = qkv.get(..tokens * width)?; //                              [tokens, width]
    observer(BlockSite::Context, A::show(context, zero));

    A::linear_add(kernels, context, &block.project, stream); //               [tokens, dim]
    observer(BlockSite::Attention, A::show_stream(stream));
    Some(())
}
