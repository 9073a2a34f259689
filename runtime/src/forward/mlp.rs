//! `x += layer2(gelu(depthwise(layer1(norm(x)))))`, depthwise convolution and second GELU optional.

use super::arena::Carver;
use super::residual::residual;
use crate::arithmetic::Arithmetic;
use crate::config::Grid;
use crate::network::{Block, Network};
use crate::rows::slide;
use crate::site::{BlockSite, SiteValues};
use crate::window::Band;

/// Adds the MLP to the residual stream, as many rows of the token grid at a time as the arena has room for.
/// A row of the stream is written only after all rows of its window were read.
pub(super) fn mlp<A: Arithmetic>(
    network: &Network<'_, A>,
    block: &Block<'_, A>,
    arena: &mut [u8],
    observer: &mut impl FnMut(BlockSite, SiteValues<'_>),
) -> Option<()> {
    let (kernels, dim, plan) = (network.kernels, network.config.dim(), network.config.mlp_plan());
    let mut carver = Carver::new(arena);
    let stream = residual(network, &mut carver)?;
    let free = carver.rest::<A::Act>()?;
    let Grid { height, width, channels } = plan.grid;
    let together = plan.rows_in(free.len());
    let (hidden_row, stream_row) = (width * channels, width * dim);
    let (hidden, free) = free.split_at_mut_checked(plan.hidden_rows(together) * hidden_row)?;
    let (front, second) = free.split_at_mut_checked(together * plan.front)?;

    // The first hidden row in the buffer, the row after the last one, and the number of finished rows.
    let (mut first, mut next, mut done) = (0, 0, 0);
    while done < height {
        let end = height.min(next + together);
        if next < end {
            let x = stream.get(next * stream_row..end * stream_row)?;
            let normed = front.get_mut(..x.len())?;
            let zero = A::norm(kernels, x, dim, &block.norm2, normed); //           [rows, dim]
            observer(BlockSite::Norm2, A::show(normed, zero));
            let (layer, activation) = &block.mlp1;
            let place = (next - first) * hidden_row..(end - first) * hidden_row;
            let hidden = hidden.get_mut(place)?;
            A::linear(kernels, normed, layer, activation, hidden); //                [rows, mlp_dim]
            let at = if block.depthwise.is_some() { BlockSite::Mlp1 } else { BlockSite::Gelu };
            observer(at, A::show(hidden, A::zero(activation)));
            next = end;
        }
        let ready = if next == height { height } else { (next - plan.keep / 2).min(height) };
        let rows = done..ready.min(done + together);
        if rows.is_empty() {
            // The first window still lacks its last row.
            continue;
        }
        let stream = stream.get_mut(rows.start * stream_row..rows.end * stream_row)?;
        let out_len = stream.len();
        match &block.depthwise {
            None => {
                let x = hidden.get(..rows.len() * hidden_row)?;
                second_layer(network, block, x, front.get_mut(..out_len), stream, observer)?;
                first = next;
            }
            Some((layer, activation)) => {
                let x = hidden.get(..(next - first) * hidden_row)?;
                let mixed = front.get_mut(..rows.len() * hidden_row)?;
                let grid = Grid { height: next - first, ..plan.grid };
                let band = Band { grid, rows: rows.start - first..rows.end - first };
                let zero = A::zero(&block.mlp1.1);
                A::depthwise(kernels, x, &band, zero, layer, activation, mixed);
                observer(BlockSite::Gelu, A::show(mixed, A::zero(activation))); //   [rows, mlp_dim]
                second_layer(network, block, mixed, second.get_mut(..out_len), stream, observer)?;
                let from = rows.end.saturating_sub(1);
                slide(hidden.get_mut(..(next - first) * hidden_row)?, (from - first) * hidden_row);
                first = from;
            }
        }
        done = rows.end;
    }
    Some(())
}

/// Adds the second layer to the stream, after a GELU if the network has one there. For this GELU, `out`
/// must be present.
fn second_layer<A: Arithmetic>(
    network: &Network<'_, A>,
    block: &Block<'_, A>,
    x: &[A::Act],
    out: Option<&mut [A::Act]>,
    stream: &mut [A::Residual],
    observer: &mut impl FnMut(BlockSite, SiteValues<'_>),
) -> Option<()> {
    match &block.mlp2_gelu {
        None => A::linear_add(network.kernels, x, &block.mlp2, stream), //          [rows, dim]
        Some(gelu) => {
            let out = out?;
            let zero = A::second_layer(network.kernels, x, &block.mlp2, gelu, out);
            observer(BlockSite::Mlp2, A::show(out, zero)); //                       [rows, dim]
            A::add_gelu(out, gelu, stream); //                                      [rows, dim]
        }
    }
    observer(BlockSite::Output, A::show_stream(stream));
    Some(())
}
