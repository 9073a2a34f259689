//! `x += layer2(gelu(depthwise(layer1(norm(x)))))`, depthwise convolution and second GELU optional.

use super::residual;
use crate::arena::{Carver, mlp_back, mlp_front};
use crate::config::Grid;
use crate::fixed::sat16;
use crate::format::I16Le;
use crate::kernels::{Activation, Linear};
use crate::model::{Block, Model};
use crate::site::{BlockSite, SiteValues};

/// Adds the MLP to the residual stream.
pub(super) fn mlp(
    model: &Model<'_>,
    block: &Block<'_>,
    arena: &mut [u8],
    observer: &mut impl FnMut(BlockSite, SiteValues<'_>),
) -> Option<()> {
    let (tokens, dim) = (model.config.tokens(), model.config.dim());
    let hidden_len = tokens * model.config.mlp_dim();
    let mut carver = Carver::new(arena);
    let stream = residual(model, &mut carver)?;
    let front = carver.front::<i8>(mlp_front(&model.config))?;
    let back = carver.front::<i8>(mlp_back(&model.config))?;
    let kernels = model.kernels;

    let normed = front.get_mut(..tokens * dim)?;
    (kernels.layer_norm_i8)(stream, dim, &block.norm2, normed); //            [tokens, dim] i8
    observer(
        BlockSite::Norm2,
        SiteValues::i8(normed, block.norm2.zero_point),
    );

    let (layer, activation) = &block.mlp1;
    let hidden = back.get_mut(..hidden_len)?;
    (kernels.linear_i8)(normed, layer, activation, hidden); //                [tokens, mlp_dim] i8
    let zero_point = activation.output_zero_point();
    let at = if block.depthwise.is_some() {
        BlockSite::Mlp1
    } else {
        BlockSite::Gelu
    };
    observer(at, SiteValues::i8(hidden, zero_point));

    let Some((layer, activation)) = &block.depthwise else {
        let rest = front.get_mut(..tokens * dim)?;
        return second_layer(model, block, (hidden, rest), stream, observer);
    };
    let grid = Grid {
        channels: model.config.mlp_dim(),
        ..model.config.token_grid()?
    };
    let mixed = front.get_mut(..hidden_len)?;
    (kernels.depthwise_i8)(hidden, grid, zero_point, layer, activation, mixed); // [grid] i8
    observer(
        BlockSite::Gelu,
        SiteValues::i8(mixed, activation.output_zero_point()),
    );
    second_layer(model, block, (mixed, back), stream, observer)
}

/// Adds the second layer, through its GELU table if it has one.
fn second_layer(
    model: &Model<'_>,
    block: &Block<'_>,
    (x, scratch): (&[i8], &mut [i8]),
    stream: &mut [i16],
    observer: &mut impl FnMut(BlockSite, SiteValues<'_>),
) -> Option<()> {
    match block.mlp2_gelu {
        None => (model.kernels.linear_add_i16)(x, &block.mlp2, stream), //      [tokens, dim] i16
        Some((zero_point, table)) => {
            let out = scratch.get_mut(..stream.len())?;
            let layer: &Linear<'_> = &block.mlp2;
            let activation = Activation {
                zero_point,
                gelu: None,
            };
            (model.kernels.linear_i8)(x, layer, &activation, out); //           [tokens, dim] i8
            observer(BlockSite::Mlp2, SiteValues::i8(out, zero_point));
            add_table(out, table, stream); //                                   [tokens, dim] i16
        }
    }
    observer(BlockSite::Output, SiteValues::i16(stream));
    Some(())
}

/// `x = sat16(x + table[q as u8])`.
fn add_table(q: &[i8], table: I16Le<'_>, stream: &mut [i16]) {
    for (x, q) in stream.iter_mut().zip(q) {
        *x = sat16(i32::from(*x) + i32::from(table.get(q.cast_unsigned().into())));
    }
}
