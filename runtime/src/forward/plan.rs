//! How a pass is divided into stages.

use crate::arithmetic::Arithmetic;
use crate::network::Network;

/// Whether a stage may compute whole tensors. This is for computers: a device lacks the memory, and its
/// program leaves out the code.
const WHOLE: bool = cfg!(any(vector_target, target_pointer_width = "64"));

/// How a pass is divided into stages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Stages of the embedding with its stem.
    pub(crate) ticks: usize,
    /// Whether tensors of the stem are whole. There is one tick then.
    pub(super) whole: bool,
}

impl Plan {
    /// The plan for an aligned arena of `len` bytes.
    pub(crate) fn new<A: Arithmetic>(network: &Network<'_, A>, len: usize) -> Self {
        let whole = WHOLE && len >= network.config.arena_bytes(A::BYTES, true);
        Self { ticks: if whole { 1 } else { network.config.ticks() }, whole }
    }

    /// The plan for an image whose rows come one by one.
    pub(crate) fn by_rows<A: Arithmetic>(network: &Network<'_, A>) -> Self {
        Self { ticks: network.config.ticks(), whole: false }
    }

    /// Number of stages before the head: the ticks, then attention and MLP of each block. Between two stages
    /// of blocks, only the residual stream is kept.
    pub(crate) fn stages<A: Arithmetic>(self, network: &Network<'_, A>) -> usize {
        self.ticks + 2 * network.blocks.len()
    }

    /// The rows of the image that a stage reads.
    pub(crate) fn rows<'i, A: Arithmetic>(
        self,
        network: &Network<'_, A>,
        number: usize,
        image: &'i [u8],
    ) -> &'i [u8] {
        let len = network.config.tick_bytes();
        if self.whole {
            return image;
        }
        image.get(number * len..).and_then(|rest| rest.get(..len)).unwrap_or(&[])
    }
}
