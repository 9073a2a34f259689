//! What the workspace's tests share: random networks, an independent integer reference, the golden
//! files, and tools to damage a blob.

pub mod eight_bits;
pub mod f16_network;
pub mod fnv;
pub mod golden;
pub mod hostile;
pub mod integer_reference;
pub mod losses;
pub mod mutation;
pub mod network;
pub mod observed;
pub mod planted;
pub mod rng;
pub mod sealed;
pub mod smallest;
pub mod synthetic;
