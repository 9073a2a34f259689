//! The forward pass: stem or patches → embedding → blocks → last normalisation → head.
//!
//! Its functions return `None` if the arena is too short for the network. Whoever compared the arena's
//! length with [`Network::arena_len`] sees that only if this crate has a bug.

mod arena;
mod attention;
mod block;
mod embed;
mod head;
mod mlp;
mod patch;
mod residual;
mod stem;

pub(crate) use arena::align;
pub(crate) use head::{Answer, head};

use crate::arithmetic::Arithmetic;
use crate::network::Network;
use crate::site::{SiteId, SiteValues};

/// Runs the whole network on an aligned arena.
pub(crate) fn forward<'m, A: Arithmetic>(
    network: &'m Network<'_, A>,
    image: &[u8],
    arena: &'m mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<Answer<'m, A>> {
    for number in 0..stages(network) {
        stage(network, number, image, arena, observer)?;
    }
    head(network, arena, observer) //                             [tokens, dim] residual → [classes]
}

/// Number of stages before the head: the embedding with its stem, attention and MLP of each block.
/// Between two of them only the residual stream is kept.
pub(crate) fn stages<A: Arithmetic>(network: &Network<'_, A>) -> usize {
    1 + 2 * network.blocks.len()
}

/// Runs stage `number` of [`stages`] on an aligned arena.
pub(crate) fn stage<A: Arithmetic>(
    network: &Network<'_, A>,
    number: usize,
    image: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    match number.checked_sub(1) {
        None => embed::embed(network, image, arena, observer), // [h, w, 3] u8 → [tokens, dim] residual
        Some(half) => block::half(network, half, arena, observer), // [tokens, dim] residual, in place
    }
}
