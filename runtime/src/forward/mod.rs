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

/// Whether tensors can be whole: on computers. A device has no memory for them, and no code for them then.
const WHOLE: bool = cfg!(any(vector_target, target_pointer_width = "64"));

/// How a pass is divided into stages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Stages of the embedding with its stem.
    pub(crate) ticks: usize,
    /// Whether tensors of the stem are whole. There is one tick then.
    whole: bool,
}

impl Plan {
    /// The plan for an aligned arena of `len` bytes.
    pub(crate) fn new<A: Arithmetic>(network: &Network<'_, A>, len: usize) -> Self {
        let whole = WHOLE && len >= network.config.arena_bytes(A::BYTES, true);
        Self { ticks: if whole { 1 } else { network.config.ticks() }, whole }
    }

    /// That of an image whose rows come one by one.
    pub(crate) fn by_rows<A: Arithmetic>(network: &Network<'_, A>) -> Self {
        Self { ticks: network.config.ticks(), whole: false }
    }

    /// Number of stages before the head: ticks, attention and MLP of each block. Between two of the
    /// latter only the residual stream is kept.
    pub(crate) fn stages<A: Arithmetic>(self, network: &Network<'_, A>) -> usize {
        self.ticks + 2 * network.blocks.len()
    }

    /// The rows of the image that a stage reads.
    pub(crate) fn rows<'i, A: Arithmetic>(
        self,
        network: &Network<'_, A>,
        number: usize,
        image: &'i [u8],
    ) -> &'i [u8] {
        let len = network.config.tick_bytes();
        if self.whole {
            return image;
        }
        image.get(number * len..).and_then(|rest| rest.get(..len)).unwrap_or(&[])
    }
}

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
