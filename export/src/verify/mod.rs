//! Compares the integer network with the float network: accuracy, error of each site, and the loss that
//! each site causes.

mod attributes;
mod evaluate;
mod reference;
mod sensitivity;
mod simulation;
mod truth;

pub use attributes::attributes;
pub use evaluate::{Accuracy, classify};
pub use reference::{Reference, SiteError, folding, reals};
pub use sensitivity::{Outcome, Sensitivity};
pub use simulation::simulated_sites;
pub use truth::{Said, Truth};
