//! Last normalisation, pool and class head.

use super::arena::Carver;
use super::residual::residual;
use crate::arithmetic::Arithmetic;
use crate::error::EvidenceError;
use crate::network::Network;
use crate::site::{SiteId, SiteValues};
use num_traits::Zero;

/// The results of a forward pass, in the arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'m, A: Arithmetic> {
    /// One value for each class.
    pub(crate) logits: &'m [A::Acc],
    /// With a mean pool the pooled tokens, otherwise the input of the last layer of the head.
    pub(crate) embedding: &'m [A::Act],
    /// From logits to probabilities.
    pub(crate) probability: A::Probability,
    /// The output of the last normalisation, `[tokens, dim]`, and the value that represents zero in it.
    pub(crate) tokens: (&'m [A::Act], A::Act),
    /// The sums of the tokens that the mean pool takes, `[dim]`; none without a mean pool.
    pub(crate) sums: &'m [A::Acc],
    /// The int8 weights `[classes, dim]` of the class head, if it multiplies the sums of the tokens. Otherwise
    /// the reason why there is no evidence.
    pub(crate) class_weights: Result<&'m [i8], EvidenceError>,
}

/// From the residual stream to the logits.
pub(crate) fn head<'m, A: Arithmetic>(
    network: &'m Network<'_, A>,
    arena: &'m mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<Answer<'m, A>> {
    let (config, kernels) = (&network.config, network.kernels);
    // Tokens are at the back of the arena. The front is free after the residual stream has been read.
    let tokens_bytes = config.tokens() * config.dim() * size_of::<A::Act>();
    let (arena, tokens) = arena.split_at_mut_checked(arena.len().checked_sub(tokens_bytes)?)?;
    let tokens: &mut [A::Act] = bytemuck::try_cast_slice_mut(tokens).ok()?;
    let stream = residual(network, &mut Carver::new(&mut *arena))?;
    let zero = A::last_norm(kernels, stream, config.dim(), network.norm.as_ref()?, tokens); // [tokens, dim]
    observer(SiteId::Norm, A::show(tokens, zero));

    let mut carver = Carver::new(arena);
    let logits = carver.front::<A::Acc>(config.classes())?;
    let mut sums: Option<&[A::Acc]> = None;
    let mut x: &[A::Act] = tokens;
    if let Some(rescale) = &network.embedding {
        let pooled = carver.front::<A::Acc>(config.dim())?;
        A::pool(kernels, tokens, zero, pooled); //                                  [dim]
        let embedding = carver.front::<A::Act>(config.dim())?;
        A::embed(pooled, rescale, embedding); //                                    [dim]
        observer(SiteId::Pool, A::show(embedding, A::Act::zero()));
        (sums, x) = (Some(&*pooled), embedding);
    }
    let pooled = x;
    for (index, (layer, activation)) in network.head.hidden.iter().enumerate() {
        let out = carver.front::<A::Act>(A::outputs(layer))?;
        A::linear(kernels, x, layer, activation, out); //                           [hidden]
        let site = SiteId::HeadGelu(u8::try_from(index).ok()?);
        observer(site, A::show(out, A::zero(activation)));
        x = out;
    }
    let (layer, probability) = network.head.logits.as_ref()?;
    let class_weights = match sums {
        Some(sums) if network.head.hidden.is_empty() => {
            A::logits_of_pool(kernels, sums, pooled, layer, logits); // [classes]
            Ok(A::class_weights(layer))
        }
        _ => {
            A::logits(kernels, x, layer, logits); //                  [classes]
            Err(if sums.is_some() { EvidenceError::HiddenLayers } else { EvidenceError::Flatten })
        }
    };
    observer(SiteId::Logits, A::show_logits(logits));
    let embedding = if sums.is_some() { pooled } else { x };
    let (tokens, sums) = ((&*tokens, zero), sums.unwrap_or(&[]));
    Some(Answer { logits, embedding, probability: *probability, tokens, sums, class_weights })
}
