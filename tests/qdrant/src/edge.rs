//! Collections in the engine of one process. Requests of the client become those of the engine.

use qdrant_client::qdrant::expression::Variant as Term;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::{self as client, query, vector, vector_input, vectors, vectors_config};
use qdrant_edge::external::serde_json::{Map, Value};
use qdrant_edge::{
    Condition, CountRequest, Distance, EdgeConfigBuilder, EdgeShard, EdgeVectorParamsBuilder,
    Expression, FieldCondition, Filter, Formula, NamedQuery, PointInsertOperations,
    PointOperations, PointStruct, Prefetch, QueryEnum, QueryRequest, ScoringQuery, SearchParams,
    UpdateOperation, VectorInternal, VectorStorageDatatype, Vectors, WithPayloadInterface,
    WithVector,
};
use std::collections::HashMap;
use tempfile::TempDir;

/// A collection in a temporary directory.
pub(crate) struct Edge {
    shard: EdgeShard,
    pub(crate) vectors: client::VectorsConfig,
    _directory: TempDir,
}

impl Edge {
    pub(crate) fn new(creation: client::CreateCollection) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let vectors = creation.vectors_config.expect("vectors");
        let Some(vectors_config::Config::ParamsMap(map)) = &vectors.config else {
            panic!("vectors without names: {vectors:?}")
        };
        let config = map.map.iter().fold(EdgeConfigBuilder::new(), |config, (name, params)| {
            let distance = match params.distance() {
                client::Distance::Euclid => Distance::Euclid,
                client::Distance::Dot => Distance::Dot,
                other => panic!("{other:?}"),
            };
            let datatype = match params.datatype() {
                client::Datatype::Uint8 => VectorStorageDatatype::Uint8,
                client::Datatype::Float16 => VectorStorageDatatype::Float16,
                other => panic!("{other:?}"),
            };
            let size = usize::try_from(params.size).unwrap();
            config.vector(
                name.as_str(),
                EdgeVectorParamsBuilder::new(size, distance).datatype(datatype).build(),
            )
        });
        let shard = EdgeShard::new(directory.path(), config.build()).unwrap();
        Self { shard, vectors, _directory: directory }
    }

    pub(crate) fn upsert(&self, points: Vec<client::PointStruct>) {
        let points = points.into_iter().map(|point| {
            let Some(PointIdOptions::Num(id)) = point.id.and_then(|id| id.point_id_options) else {
                panic!("an id that is no number")
            };
            let payload: Map<String, Value> = point
                .payload
                .into_iter()
                .map(|(key, value)| (key, value.as_str().expect("a text").as_str().into()))
                .collect();
            PointStruct::new(id, named(point.vectors.expect("vectors")), payload.into()).into()
        });
        let points = PointInsertOperations::PointsList(points.collect());
        let operation = UpdateOperation::PointOperation(PointOperations::UpsertPoints(points));
        self.shard.update(operation).unwrap();
    }

    pub(crate) fn count(&self) -> u64 {
        self.shard.count(CountRequest { filter: None, exact: true }).unwrap() as u64
    }

    /// Ids and scores, the best first.
    pub(crate) fn query(&self, request: client::QueryPoints) -> Vec<client::ScoredPoint> {
        let found = self.shard.query(QueryRequest {
            prefetches: request.prefetch.into_iter().map(stage).collect(),
            query: Some(scoring(request.query, request.using)),
            filter: request.filter.map(filter),
            score_threshold: None,
            limit: usize::try_from(request.limit.expect("a limit")).unwrap(),
            offset: 0,
            params: request.params.map(params),
            with_vector: WithVector::Bool(false),
            with_payload: WithPayloadInterface::Bool(true),
        });
        let found = found.unwrap().into_iter().map(|point| {
            let qdrant_edge::PointId::NumId(id) = point.id else { panic!("{:?}", point.id) };
            let payload = point.payload.expect("it was asked for").0;
            client::ScoredPoint {
                id: Some(id.into()),
                score: point.score,
                payload: payload
                    .into_iter()
                    .map(|(key, value)| (key.to_string(), value.as_str().expect("a text").into()))
                    .collect(),
                ..client::ScoredPoint::default()
            }
        });
        found.collect()
    }
}

fn named(vectors: client::Vectors) -> Vectors {
    let Some(vectors::VectorsOptions::Vectors(named)) = vectors.vectors_options else {
        panic!("vectors without names")
    };
    let named = named.vectors.into_iter().map(|(name, values)| {
        let Some(vector::Vector::Dense(dense)) = values.vector else { panic!("{name}: not dense") };
        (name, dense.data)
    });
    named.collect::<HashMap<_, _>>().into()
}

fn stage(stage: client::PrefetchQuery) -> Prefetch {
    Prefetch {
        prefetches: stage.prefetch.into_iter().map(self::stage).collect(),
        query: Some(scoring(stage.query, stage.using)),
        limit: usize::try_from(stage.limit.expect("a limit")).unwrap(),
        params: stage.params.map(params),
        filter: stage.filter.map(filter),
        score_threshold: None,
    }
}

fn scoring(query: Option<client::Query>, using: Option<String>) -> ScoringQuery {
    match query.and_then(|query| query.variant).expect("a query") {
        query::Variant::Nearest(input) => {
            let Some(vector_input::Variant::Dense(dense)) = input.variant else {
                panic!("not dense")
            };
            let values = VectorInternal::Dense(dense.data);
            let query = NamedQuery::new(values, using.expect("the name of a vector"));
            ScoringQuery::Vector(QueryEnum::Nearest(query))
        }
        query::Variant::Formula(formula) => {
            let formula = expression(formula.expression.expect("an expression"));
            let formula = Formula { formula, defaults: HashMap::new() };
            ScoringQuery::Formula(formula.try_into().unwrap())
        }
        other => panic!("{other:?}"),
    }
}

fn expression(expression: client::Expression) -> Expression {
    let all = |terms: Vec<client::Expression>| terms.into_iter().map(self::expression).collect();
    match expression.variant.expect("a term") {
        Term::Constant(value) => Expression::Constant(value),
        Term::Variable(name) => Expression::Variable(name),
        Term::Mult(product) => Expression::Mult(all(product.mult)),
        Term::Sum(sum) => Expression::Sum(all(sum.sum)),
        other => panic!("{other:?}"),
    }
}

fn params(params: client::SearchParams) -> SearchParams {
    SearchParams { exact: params.exact(), ..SearchParams::default() }
}

fn filter(filter: client::Filter) -> Filter {
    let [condition] = &filter.must[..] else { panic!("{filter:?}") };
    let Some(client::condition::ConditionOneOf::Field(field)) = &condition.condition_one_of else {
        panic!("{condition:?}")
    };
    let found = field.r#match.as_ref().and_then(|found| found.match_value.clone());
    let Some(client::r#match::MatchValue::Keyword(text)) = found else { panic!("{field:?}") };
    let key = field.key.parse().unwrap();
    Filter::new_must(Condition::Field(FieldCondition::new_match(key, text.into())))
}
