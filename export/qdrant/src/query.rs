//! A fingerprint as the request for the nearest points.

use crate::collection::{APPEARANCE, CLASS, CODES, NETWORK, network};
use crate::vectors::{Vectors, weights};
use qdrant_client::qdrant::{
    Condition, Expression, Filter, Formula, FormulaBuilder, PrefetchQuery, PrefetchQueryBuilder,
    Query, QueryPoints, QueryPointsBuilder, SearchParams, SearchParamsBuilder,
};
use runtime::search::{Fingerprint, Likeness};

/// What is compared, as in the three searches of [`Index`](runtime::search::Index).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// All vectors.
    Vectors,
    /// All codes.
    Codes,
    /// All codes, then the vectors of the nearest.
    TwoStages {
        /// How many are the nearest.
        candidates: u64,
    },
}

/// The request for the `limit` nearest points of a collection, the nearest first. Points of other networks are not
/// found. `points` is at least the number of points in the collection. Only a comparison of all vectors under
/// [`Likeness::Mixed`] needs it.
pub fn query(
    collection: &str,
    seen: &Fingerprint<'_>,
    likeness: Likeness,
    compared: Compared,
    limit: u64,
    points: u64,
) -> QueryPoints {
    let Vectors { class, appearance, codes } = Vectors::of_query(seen, likeness);
    // Qdrant applies the filter of a request in the stages before, too.
    let filter = Filter::must([Condition::matches(NETWORK, network(seen.network))]);
    let request =
        QueryPointsBuilder::new(collection).limit(limit).with_payload(true).filter(filter);
    let (before, candidates) = match compared {
        Compared::Codes => (None, None),
        Compared::Vectors => (None, Some(points)),
        Compared::TwoStages { candidates } => {
            (Some(stage(CODES, codes.clone(), candidates, None)), Some(candidates))
        }
    };
    let single = |using, values, before: Option<PrefetchQuery>| {
        let request = request.clone().prefetch(Vec::from_iter(before));
        request.using(using).query(Query::new_nearest(values)).params(exact()).build()
    };
    match (candidates, likeness) {
        (None, _) => single(CODES, codes, None),
        (Some(_), Likeness::Class) => single(CLASS, class, before),
        (Some(_), Likeness::Appearance) => single(APPEARANCE, appearance, before),
        (Some(candidates), Likeness::Mixed { .. }) => {
            let parts = [(CLASS, class), (APPEARANCE, appearance)];
            let parts =
                parts.map(|(using, values)| stage(using, values, candidates, before.clone()));
            request.prefetch(parts).query(mixture(likeness)).build()
        }
    }
}

/// Leaves the `limit` nearest, of those that the stage before left.
fn stage(
    using: &str,
    values: Vec<f32>,
    limit: u64,
    before: Option<PrefetchQuery>,
) -> PrefetchQuery {
    let stage = PrefetchQueryBuilder::default().prefetch(Vec::from_iter(before)).using(using);
    stage.query(Query::new_nearest(values)).limit(limit).params(exact()).build()
}

/// Every point is compared. A graph would miss some.
fn exact() -> SearchParams {
    SearchParamsBuilder::default().exact(true).build()
}

/// The weighted sum of the squares of two Euclidean distances. It is negative, because the highest score is first.
fn mixture(likeness: Likeness) -> Formula {
    let squares = weights(likeness).into_iter().enumerate().map(|(part, weight)| {
        let [distance, again] = [(); 2].map(|()| Expression::score_idx(part));
        Expression::mult_with([Expression::constant(-f32::from(weight)), distance, again])
    });
    FormulaBuilder::new(Expression::sum_with(squares.collect::<Vec<_>>())).build()
}
