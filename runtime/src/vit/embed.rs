//! From the image to the residual stream: position plus patch layer or last stem convolution.

use super::conv::each_row;
use super::{patch, residual, stem};
use crate::arena::{Carver, window_len};
use crate::config::{Grid, StemSpec};
use crate::model::Model;
use crate::site::{SiteId, SiteValues};

/// Leaves the residual stream at the front of the arena.
pub(super) fn embed(
    model: &Model<'_>,
    image: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    let config = &model.config;
    let dim = config.dim();
    match config.spec().stem {
        StemSpec::Patches { size, order } => {
            let mut carver = Carver::new(arena);
            let stream = residual(model, &mut carver)?;
            let values = carver.front::<i8>(config.patch_len()?)?;
            position(model, stream);
            for (token, stream) in stream.chunks_exact_mut(dim.max(1)).enumerate() {
                let width = config.image().width;
                patch::gather(image, width, (size.into(), order), token, values);
                (model.kernels.linear_add_i16)(values, &model.embed, stream);
            }
            observer(SiteId::Embed, SiteValues::i16(stream));
        }
        StemSpec::Conv(_) => {
            let last = stem::stem(model, image, arena, observer)?;
            let output: Grid = config.token_grid()?;
            let mut carver = Carver::new(arena);
            let x = carver.back(last.grid.len())?;
            let stream = residual(model, &mut carver)?;
            let windows = carver.front::<i8>(window_len(last.grid, output.width))?;
            position(model, stream);
            let x = (&*bytemuck::cast_slice(x), last.grid);
            each_row(
                x,
                last.pad,
                (&mut *stream, output),
                windows,
                |windows, stream| {
                    (model.kernels.linear_add_i16)(windows, &model.embed, stream);
                },
            );
            observer(SiteId::Embed, SiteValues::i16(stream));
        }
    }
    Some(())
}

fn position(model: &Model<'_>, stream: &mut [i16]) {
    for (stream, position) in stream.iter_mut().zip(model.position.iter()) {
        *stream = position;
    }
}
