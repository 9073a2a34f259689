//! From the image to the residual stream: position plus patch layer or last stem convolution.

use super::arena::Carver;
use super::patch;
use super::plan::Plan;
use super::residual::residual;
use super::stem::{self, Span};
use crate::arithmetic::Arithmetic;
use crate::config::StemSpec;
use crate::network::Network;
use crate::rows::rows_mut;
use crate::site::{SiteId, SiteValues};

/// Runs one tick on the image rows that arrive in it, or all ticks if tensors are computed as a whole. The
/// residual stream is at the front of the arena.
pub(super) fn embed<A: Arithmetic>(
    network: &Network<'_, A>,
    plan: Plan,
    tick: usize,
    image: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    let config = &network.config;
    let StemSpec::Patches { size, order } = config.spec().stem else {
        let end = if plan.whole { config.ticks() } else { tick + 1 };
        let span = Span { first: tick, end, whole: plan.whole };
        return stem::stem(network, span, image, arena, observer);
    };
    let mut carver = Carver::new(arena);
    let stream = residual(network, &mut carver)?;
    let len = config.patch_len()?;
    let values = carver.rest::<A::Act>()?;
    if tick == 0 {
        A::start(network.position.as_ref()?, stream);
    }
    let (width, dim) = (config.image().width, config.dim());
    let tokens = config.tokens().checked_div(plan.ticks)?;
    let stream = stream.get_mut(tick * tokens * dim..)?.get_mut(..tokens * dim)?;
    let layer = network.embed.as_ref()?;
    // As many patches at once as the arena has room for, which is at least one.
    let together = values.len().checked_div(len)?.max(1);
    let mut first = 0;
    while first < tokens {
        let count = together.min(tokens - first);
        let values = values.get_mut(..count * len)?;
        for (token, values) in rows_mut(&mut *values, len).enumerate() {
            let token = first + token;
            patch::gather(image, width, size.into(), order, token, values, |bytes, values| {
                A::load(&network.input, bytes, values);
            });
        }
        let stream = stream.get_mut(first * dim..)?.get_mut(..count * dim)?;
        A::linear_add(network.kernels, values, layer, stream);
        first += count;
    }
    observer(SiteId::Embed, A::show_stream(stream));
    Some(())
}
