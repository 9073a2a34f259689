//! Networks of a few kilobytes that together contain every kind of record, for tests that try every
//! byte.

use crate::network::Network;
use crate::specs;
use crate::synthetic::{Values, network};
use runtime::config::VitConfig;

/// The networks, each with a name.
///
/// # Panics
/// Never: the descriptions are valid.
pub fn networks() -> [(&'static str, Network); 3] {
    [
        ("stem", specs::smallest_stem()),
        ("patches in grid order", specs::smallest_grid()),
        ("patches in row order", specs::smallest_row()),
    ]
    .map(|(name, spec)| {
        let config = VitConfig::new(spec).expect("a valid description");
        (name, network(&config, 3, Values::Typical))
    })
}
