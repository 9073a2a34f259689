//! What the workspace's tests share: random networks, an independent integer reference, and the
//! golden files.

pub mod integer_reference;
pub mod network;
pub mod observed;
pub mod rng;
pub mod synthetic;
