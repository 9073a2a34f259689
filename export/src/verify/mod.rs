//! The integer network beside the float one: accuracy, errors site by site, and what each site costs.

mod evaluate;
mod reference;
mod sensitivity;
mod simulation;

pub use evaluate::{Accuracy, classify};
pub use reference::{Reference, SiteError, folding, reals};
pub use sensitivity::{Outcome, Sensitivity};
pub use simulation::simulated_sites;
