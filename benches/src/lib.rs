//! What the benchmarks share: networks to run, and the table at the end.

pub mod limit;
#[cfg(feature = "networks")]
pub mod networks;
pub mod summary;

use criterion::Criterion;
use std::path::Path;

/// Where results are kept: `target/criterion` of the workspace.
pub const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/criterion");

/// Criterion as the command line configures it.
pub fn criterion() -> Criterion {
    Criterion::default().output_directory(Path::new(RESULTS)).configure_from_args()
}
