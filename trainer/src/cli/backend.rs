//! The option that says where the arithmetic is done.

use clap::Args;

use crate::backend::BackendChoice;

/// Which backend of burn.
#[derive(Debug, Args)]
pub(super) struct BackendArgs {
    /// Where the arithmetic is done.
    #[arg(long, value_enum, default_value_t)]
    pub(super) backend: BackendChoice,
}
