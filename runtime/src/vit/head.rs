//! Last normalisation, pool and class head.

use super::residual;
use crate::arena::Carver;
use crate::fixed::sat8;
use crate::model::Model;
use crate::output::Output;
use crate::site::{SiteId, SiteValues};

/// From the residual stream to the logits.
pub(super) fn head<'m>(
    model: &'m Model<'_>,
    arena: &'m mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<Output<'m>> {
    let (config, kernels) = (&model.config, model.kernels);
    // Tokens go to the back, so that the front is free once the residual stream was read.
    let (arena, tokens) =
        arena.split_at_mut_checked(arena.len().checked_sub(config.tokens() * config.dim())?)?;
    let tokens: &mut [i8] = bytemuck::cast_slice_mut(tokens);
    let stream = residual(model, &mut Carver::new(&mut *arena))?;
    (kernels.layer_norm_affine_i8)(stream, &model.norm, tokens); //     [tokens, dim] i8
    observer(SiteId::Norm, SiteValues::i8(tokens, model.norm.zero_point));

    let mut carver = Carver::new(arena);
    let logits = carver.front::<i32>(config.classes())?;
    let head = &model.head;
    let mut sums: &[i32] = &[];
    let mut x: &[i8] = tokens;
    if let Some(requant) = model.embedding {
        let pooled = carver.front::<i32>(config.dim())?;
        (kernels.pool_i32)(tokens, model.norm.zero_point, pooled); //   [dim] i32
        let embedding = carver.front::<i8>(config.dim())?;
        for (out, &sum) in embedding.iter_mut().zip(&*pooled) {
            *out = sat8(requant.apply(sum)); //                         [dim] i8
        }
        observer(SiteId::Pool, SiteValues::i8(embedding, 0));
        (sums, x) = (pooled, embedding);
    }
    if sums.is_empty() || !head.hidden.is_empty() {
        for (index, (layer, activation)) in head.hidden.iter().enumerate() {
            let out = carver.front::<i8>(layer.outputs())?;
            (kernels.linear_i8)(x, layer, activation, out); //          [hidden] i8
            let site = SiteId::HeadGelu(u8::try_from(index).ok()?);
            observer(site, SiteValues::i8(out, activation.output_zero_point()));
            x = out;
        }
        (kernels.logits_i8)(x, head.weights, head.bias, logits); //     [classes] i32
    } else {
        (kernels.logits_i32)(sums, head.weights, head.bias, logits); // [classes] i32
    }
    observer(SiteId::Logits, SiteValues::i32(logits));
    Some(Output {
        logits,
        embedding: x,
        probability: head.probability,
    })
}
