//! The option that says where the arithmetic is done.

use clap::Args;

use crate::backend::BackendChoice;

/// Which backend of burn.
#[derive(Debug, Args)]
pub(super) struct BackendArgs {
    /// Backend of burn for training and evaluation.
    #[arg(long, value_enum, default_value_t)]
    pub(super) backend: BackendChoice,
}
