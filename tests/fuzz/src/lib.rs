//! What the fuzz targets share: the tools that damage and decode blobs, and operands from bytes.

// The modules of the package `tests`, which itself depends on the trainer and takes minutes to
// build.
#[path = "../../src/hostile.rs"]
pub mod hostile;
#[path = "../../src/mutation.rs"]
pub mod mutation;
#[path = "../../src/network.rs"]
pub mod network;
#[path = "../../src/planted.rs"]
pub mod planted;
#[path = "../../src/f16_network.rs"]
pub mod f16_network;
#[path = "../../src/rng.rs"]
pub mod rng;
#[path = "../../src/sealed.rs"]
pub mod sealed;
#[path = "../../src/smallest.rs"]
pub mod smallest;
#[path = "../../src/synthetic/mod.rs"]
pub mod synthetic;

pub mod attempt;
pub mod decode;
pub mod operands;
pub mod supply;
