//! `x += layer2(gelu(depthwise(layer1(norm(x)))))`, depthwise convolution and second GELU optional.

use super::arena::Carver;
use super::residual::residual;
use crate::arithmetic::Arithmetic;
use crate::config::Grid;
use crate::network::{Block, Network};
use crate::site::{BlockSite, SiteValues};

/// Adds the MLP to the residual stream.
pub(super) fn mlp<A: Arithmetic>(
    network: &Network<'_, A>,
    block: &Block<'_, A>,
    arena: &mut [u8],
    observer: &mut impl FnMut(BlockSite, SiteValues<'_>),
) -> Option<()> {
    let (tokens, dim) = (network.config.tokens(), network.config.dim());
    let hidden_len = tokens * network.config.mlp_dim();
    let mut carver = Carver::new(arena);
    let stream = residual(network, &mut carver)?;
    let front = carver.front::<A::Act>(network.config.mlp_front_len())?;
    let back = carver.front::<A::Act>(network.config.mlp_back_len())?;
    let kernels = network.kernels;

    let normed = front.get_mut(..tokens * dim)?;
    let zero = A::norm(kernels, stream, dim, &block.norm2, normed); //      [tokens, dim]
    observer(BlockSite::Norm2, A::show(normed, zero));

    let (layer, activation) = &block.mlp1;
    let hidden = back.get_mut(..hidden_len)?;
    A::linear(kernels, normed, layer, activation, hidden); //               [tokens, mlp_dim]
    let zero = A::zero(activation);
    let at = if block.depthwise.is_some() { BlockSite::Mlp1 } else { BlockSite::Gelu };
    observer(at, A::show(hidden, zero));

    let Some((layer, activation)) = &block.depthwise else {
        let rest = front.get_mut(..tokens * dim)?;
        return second_layer(network, block, hidden, rest, stream, observer);
    };
    let grid = Grid { channels: network.config.mlp_dim(), ..network.config.token_grid()? };
    let mixed = front.get_mut(..hidden_len)?;
    A::depthwise(kernels, hidden, grid, zero, layer, activation, mixed); // [grid]
    observer(BlockSite::Gelu, A::show(mixed, A::zero(activation)));
    second_layer(network, block, mixed, back, stream, observer)
}

/// Adds the second layer to the stream, with GELU between if the network has one there.
fn second_layer<A: Arithmetic>(
    network: &Network<'_, A>,
    block: &Block<'_, A>,
    x: &[A::Act],
    scratch: &mut [A::Act],
    stream: &mut [A::Residual],
    observer: &mut impl FnMut(BlockSite, SiteValues<'_>),
) -> Option<()> {
    match &block.mlp2_gelu {
        None => A::linear_add(network.kernels, x, &block.mlp2, stream), //    [tokens, dim]
        Some(gelu) => {
            let out = scratch.get_mut(..stream.len())?;
            let zero = A::second_layer(network.kernels, x, &block.mlp2, gelu, out);
            observer(BlockSite::Mlp2, A::show(out, zero)); //               [tokens, dim]
            A::add_gelu(out, gelu, stream); //                              [tokens, dim]
        }
    }
    observer(BlockSite::Output, A::show_stream(stream));
    Some(())
}
