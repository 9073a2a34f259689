//! From the image to the residual stream: position plus patch layer or last stem convolution.

use super::arena::Carver;
use super::residual::residual;
use super::{patch, stem};
use crate::arithmetic::Arithmetic;
use crate::config::StemSpec;
use crate::network::Network;
use crate::rows::rows_mut;
use crate::site::{SiteId, SiteValues};
use crate::window::Windows;

/// Writes the residual stream to the front of the arena.
pub(super) fn embed<A: Arithmetic>(
    network: &Network<'_, A>,
    image: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    let config = &network.config;
    match config.spec().stem {
        StemSpec::Patches { size, order } => {
            let mut carver = Carver::new(arena);
            let stream = residual(network, &mut carver)?;
            let len = config.patch_len()?;
            // As many patches at once as the arena has room for, which is at least one.
            let values = carver.rows::<A::Act>(len, config.tokens())?;
            A::start(network.position.as_ref()?, stream);
            let layer = network.embed.as_ref()?;
            let (width, size) = (config.image().width, size.into());
            let mut tokens = 0..config.tokens();
            for stream in stream.chunks_mut((values.len() / len.max(1) * config.dim()).max(1)) {
                let mut count = 0;
                for (values, token) in rows_mut(&mut *values, len).zip(tokens.by_ref()) {
                    patch::gather(image, width, size, order, token, values, |bytes, values| {
                        A::load(&network.input, bytes, values);
                    });
                    count += len;
                }
                A::linear_add(network.kernels, values.get(..count)?, layer, stream);
            }
            observer(SiteId::Embed, A::show_stream(stream));
        }
        StemSpec::Conv(_) => {
            let stem::StemOutput { conv, pad } = stem::stem(network, image, arena, observer)?;
            let mut carver = Carver::new(arena);
            let x = &*carver.back::<A::Act>(conv.input.len())?;
            let stream = residual(network, &mut carver)?;
            let scratch = carver.front(conv.window_row_len())?;
            A::start(network.position.as_ref()?, stream);
            let layer = network.embed.as_ref()?;
            let windows = Windows { x, input: conv.input, output: conv.output, pad };
            A::conv_add(network.kernels, &windows, layer, scratch, stream);
            observer(SiteId::Embed, A::show_stream(stream));
        }
    }
    Some(())
}
