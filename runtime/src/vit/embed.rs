//! From the image to the residual stream: position plus patch layer or last stem convolution.

use super::{patch, residual, stem};
use crate::arena::{Carver, window_len};
use crate::arithmetic::Arithmetic;
use crate::config::StemSpec;
use crate::model::Model;
use crate::rows::rows_mut;
use crate::site::{SiteId, SiteValues};
use crate::window::Windows;

/// Leaves the residual stream at the front of the arena.
pub(super) fn embed<A: Arithmetic>(
    model: &Model<'_, A>,
    image: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    let config = &model.config;
    match config.spec().stem {
        StemSpec::Patches { size, order } => {
            let mut carver = Carver::new(arena);
            let stream = residual(model, &mut carver)?;
            let len = config.patch_len()?;
            // As many patches at once as the arena has room for; it was sized for one at least.
            let values = carver.rows::<A::Act>(len, config.tokens())?;
            A::start(model.position.as_ref()?, stream);
            let layer = model.embed.as_ref()?;
            let (width, patches) = (config.image().width, (size.into(), order));
            let mut tokens = 0..config.tokens();
            for stream in stream.chunks_mut((values.len() / len.max(1) * config.dim()).max(1)) {
                let mut count = 0;
                for (values, token) in rows_mut(&mut *values, len).zip(tokens.by_ref()) {
                    patch::gather(image, width, patches, token, values, |bytes, values| {
                        A::load(&model.input, bytes, values);
                    });
                    count += len;
                }
                A::linear_add(model.kernels, values.get(..count)?, layer, stream);
            }
            observer(SiteId::Embed, A::show_stream(stream));
        }
        StemSpec::Conv(_) => {
            let last = stem::stem(model, image, arena, observer)?;
            let output = config.token_grid()?;
            let mut carver = Carver::new(arena);
            let x = &*carver.back::<A::Act>(last.grid.len())?;
            let stream = residual(model, &mut carver)?;
            let scratch = carver.front(window_len(last.grid, output.width))?;
            A::start(model.position.as_ref()?, stream);
            let layer = model.embed.as_ref()?;
            let windows = Windows { x, input: last.grid, output, pad: last.pad };
            A::conv_add(model.kernels, &windows, layer, scratch, stream);
            observer(SiteId::Embed, A::show_stream(stream));
        }
    }
    Some(())
}
