//! From the image to the residual stream: position plus patch layer or last stem convolution.

use super::arena::Carver;
use super::residual::residual;
use super::stem::{self, Span};
use super::{Plan, patch};
use crate::arithmetic::Arithmetic;
use crate::config::StemSpec;
use crate::network::Network;
use crate::rows::rows_mut;
use crate::site::{SiteId, SiteValues};

/// Runs a tick, or all of them if tensors are whole, on the rows of the image that come in it. The residual
/// stream is at the front of the arena.
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
    let row = config.tokens().checked_div(plan.ticks)? * dim;
    let stream = stream.get_mut(tick * row..)?.get_mut(..row)?;
    let layer = network.embed.as_ref()?;
    // As many patches at once as the arena has room for, which is at least one.
    let together = values.len().checked_div(len)?.max(1);
    let mut tokens = 0..config.tokens();
    for stream in stream.chunks_mut((together * dim).max(1)) {
        let mut count = 0;
        let places = rows_mut(&mut *values, len).zip(stream.chunks(dim.max(1)));
        for ((values, _), token) in places.zip(tokens.by_ref()) {
            patch::gather(image, width, size.into(), order, token, values, |bytes, values| {
                A::load(&network.input, bytes, values);
            });
            count += len;
        }
        A::linear_add(network.kernels, values.get(..count)?, layer, stream);
    }
    observer(SiteId::Embed, A::show_stream(stream));
    Some(())
}
