//! Where the residual stream lies.

use super::arena::Carver;
use crate::arithmetic::Arithmetic;
use crate::network::Network;

/// The residual stream, `[tokens, dim]`, at the front of the arena in every stage.
pub(super) fn residual<'a, A: Arithmetic>(
    network: &Network<'_, A>,
    carver: &mut Carver<'a>,
) -> Option<&'a mut [A::Residual]> {
    carver.front(network.config.tokens() * network.config.dim())
}
