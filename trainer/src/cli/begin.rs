//! The start of a run.

use runtime::config::VitConfig;

use crate::recipe::Recipe;
use crate::train::{KnownAttributes, Start};

/// What a run trains, and what it starts from.
pub(super) struct Begin {
    /// Name of the network, stored in the checkpoint.
    pub(super) preset: String,
    pub(super) config: VitConfig,
    pub(super) recipe: Recipe,
    /// The network to start from. `None` for random values.
    pub(super) start: Option<Start>,
    /// The attributes of that network, if they are trained.
    pub(super) attributes: Option<KnownAttributes>,
    /// Whether the rounding of the int8 form is simulated.
    pub(super) quantize: bool,
    /// What the run starts from, for a message.
    pub(super) origin: String,
}
