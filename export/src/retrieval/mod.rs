//! How well a search finds images of the class of the query: among thousands of images, and among a few examples of
//! each class.

mod compared;
mod examples;
mod precision;
mod seen;

pub use compared::Compared;
pub use examples::{Among, Task, accuracy};
pub use seen::{Seen, see};

use precision::average_precision;
use rayon::prelude::*;

/// Mean average precision of queries over a whole database. A found image is right if it has the label of the
/// query. If images have the same distance, the result is the exact mean over all their orders. `progress` counts
/// queries.
pub fn mean_average_precision(
    compared: Compared,
    queries: &[Seen],
    database: &[Seen],
    progress: impl Fn(usize) + Sync,
) -> f64 {
    let precision = |query: &Seen| {
        let found = database.iter();
        let found =
            found.map(|known| (compared.distance(query, known), known.label == query.label));
        let precision = average_precision(found.collect());
        progress(1);
        precision
    };
    queries.par_iter().map(precision).sum::<f64>() / queries.len() as f64
}
