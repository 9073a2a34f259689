//! The forward pass: stem or patches → embedding → blocks → last normalisation → head.

mod attention;
mod block;
mod conv;
mod embed;
mod head;
mod mlp;
mod patch;
mod stem;

use crate::arena::Carver;
use crate::model::Model;
use crate::output::Output;
use crate::site::{SiteId, SiteValues};

/// Runs the whole network on an aligned arena; `None` if the arena is too small, which a caller
/// that checked [`arena_len`](crate::config::VitConfig::arena_len) does not see.
pub(crate) fn forward<'m>(
    model: &'m Model<'_>,
    image: &[u8],
    arena: &'m mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<Output<'m>> {
    embed::embed(model, image, arena, observer)?; //      [h, w, 3] u8 → [tokens, dim] i16
    for index in 0..model.blocks.len() {
        block::block(model, index, arena, observer)?; //  [tokens, dim] i16, in place
    }
    head::head(model, arena, observer) //                 [tokens, dim] i16 → [classes] i32
}

/// The residual stream, `[tokens, dim]` i16, at the front of the arena in every stage.
fn residual<'a>(model: &Model<'_>, carver: &mut Carver<'a>) -> Option<&'a mut [i16]> {
    carver.front(model.config.tokens() * model.config.dim())
}
