//! `x += project(attention(norm(x)))`.

use super::residual;
use crate::arena::Carver;
use crate::model::{Block, Model};
use crate::site::{BlockSite, SiteValues};

/// Adds attention to the residual stream.
pub(super) fn attention(
    model: &Model<'_>,
    block: &Block<'_>,
    arena: &mut [u8],
    observer: &mut impl FnMut(BlockSite, SiteValues<'_>),
) -> Option<()> {
    let (tokens, dim, width) = (
        model.config.tokens(),
        model.config.dim(),
        model.config.attention_dim(),
    );
    let mut carver = Carver::new(arena);
    let stream = residual(model, &mut carver)?;
    let scores = carver.front::<i32>(tokens)?;
    let shared = carver.front::<i8>(tokens * dim.max(width))?;
    let qkv = carver.front::<i8>(3 * tokens * width)?;
    let kernels = model.kernels;

    let normed = shared.get_mut(..tokens * dim)?;
    (kernels.layer_norm_i8)(stream, dim, &block.norm1, normed); //              [tokens, dim] i8
    observer(
        BlockSite::Norm1,
        SiteValues::i8(normed, block.norm1.zero_point),
    );

    (kernels.linear_i8)(normed, &block.qkv, &SYMMETRIC, qkv); //                [tokens, 3·width] i8
    for (third, at) in [BlockSite::Query, BlockSite::Key, BlockSite::Value]
        .into_iter()
        .enumerate()
    {
        observer(
            at,
            SiteValues::i8_columns(qkv, 3 * width, third * width, width),
        );
    }

    let context = shared.get_mut(..tokens * width)?;
    (kernels.attention_i8)(qkv, &block.attention, scores, context); //          [tokens, width] i8
    observer(
        BlockSite::Context,
        SiteValues::i8(context, block.attention.zero_point),
    );

    (kernels.linear_add_i16)(context, &block.project, stream); //               [tokens, dim] i16
    observer(BlockSite::Attention, SiteValues::i16(stream));
    Some(())
}

/// Queries, keys and values have zero point 0.
const SYMMETRIC: crate::kernels::Activation<'static> = crate::kernels::Activation {
    zero_point: 0,
    gelu: None,
};
