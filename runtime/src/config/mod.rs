//! The geometry of a network: one validated description from which everything else is derived.
//!
//! [`VitSpec`] is the stored form, [`VitConfig`] the checked one. Shapes, parameter counts,
//! multiply-accumulates and the size of the arena are methods of [`VitConfig`]; no other module
//! computes them again.

mod arena;
mod arena_map;
mod checked;
mod grid;
mod layers;
mod limits;
mod plan;
mod preset;
mod spec;
mod stem;

pub use arena::ArenaStage;
pub(crate) use arena::UNIT;
#[doc(hidden)]
pub use arena::ValueBytes;
pub use arena_map::{ArenaBuffer, ArenaContents, ArenaStep};
pub use checked::VitConfig;
pub use grid::Grid;
pub use layers::{Layer, LayerKind, Shape};
pub use limits::{
    IMAGE_CHANNELS, MAX_CLASSES, MAX_DEPTH, MAX_DIM, MAX_HEAD_DIM, MAX_HEADS, MAX_HIDDEN,
    MAX_HIDDEN_DIM, MAX_IMAGE_SIDE, MAX_K, MAX_POOLED, MAX_STAGE_CONVS, MAX_STEM_VALUES,
    MAX_TOKENS,
};
pub(crate) use plan::Clock;
pub use preset::Preset;
pub use spec::{AttentionSpec, ImageSpec, MlpSpec, PatchOrder, Pool, StemSpec, VitSpec};
pub use stem::{ConvKind, StemConv, StemGeometry, StemStage};

pub use crate::error::ConfigError;
