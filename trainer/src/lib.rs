//! Trains the networks of the Ocelli family with burn.

pub mod data;
pub mod model;
pub mod ops;
pub mod output;
pub mod record;
