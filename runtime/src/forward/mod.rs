//! The forward pass: stem or patches → embedding → blocks → last normalisation → head.
//!
//! Its functions return `None` if the arena is too short for the network. Callers compare the arena's
//! length with [`Network::arena_len`] first. After that, `None` means a bug in this crate.

mod arena;
mod attention;
mod block;
mod describe;
mod embed;
mod head;
mod mlp;
mod patch;
mod plan;
mod residual;
mod stem;

pub(crate) use arena::align;
pub(crate) use describe::{Traits, describe, describe_head, describe_stage, reserve_len};
pub(crate) use head::{Answer, head};
pub(crate) use plan::Plan;

use crate::arithmetic::Arithmetic;
use crate::network::Network;
use crate::site::{SiteId, SiteValues};

/// An observer that does nothing. It is a function, because the compiler would make a copy of the forward pass
/// for each closure.
pub(crate) const fn unobserved(_: SiteId, _: SiteValues<'_>) {}

/// Runs the whole network on an aligned arena.
pub(crate) fn forward<'m, A: Arithmetic>(
    network: &'m Network<'_, A>,
    image: &[u8],
    arena: &'m mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<Answer<'m, A>> {
    let plan = Plan::new(network, arena.len());
    for number in 0..plan.stages(network) {
        stage(network, plan, number, plan.rows(network, number, image), arena, observer)?;
    }
    head(network, arena, observer) //                             [tokens, dim] residual → [classes]
}

/// Runs stage `number` of [`Plan::stages`] on an aligned arena, with the rows of the image that it reads.
pub(crate) fn stage<A: Arithmetic>(
    network: &Network<'_, A>,
    plan: Plan,
    number: usize,
    rows: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    match number.checked_sub(plan.ticks) {
        None => embed::embed(network, plan, number, rows, arena, observer), // [h, w, 3] u8 → [tokens, dim] residual
        Some(half) => block::half(network, half, arena, observer), // [tokens, dim] residual, in place
    }
}
