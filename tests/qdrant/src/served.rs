//! A server with the protocol of Qdrant whose collections are in the engine of one process. Requests that neither an
//! upload nor a query needs get an error.

use super::edge::Edge;
use ::qdrant_client::qdrant::collections_server::{Collections, CollectionsServer};
use ::qdrant_client::qdrant::points_server::{Points, PointsServer};
use ::qdrant_client::qdrant::qdrant_server::{Qdrant, QdrantServer};
use ::qdrant_client::qdrant::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// The only key that the server takes.
pub const KEY: &str = "only-for-tests";

/// A collection of this name takes no points, as one on a full disk.
pub const FULL: &str = "full";

type Answer<T> = Result<Response<T>, Status>;

#[derive(Clone, Default)]
struct Served(Arc<Mutex<HashMap<String, Edge>>>);

/// Starts a server on a free port. It ends with the process. Returns its address.
pub fn serve() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let served = Served::default();
        let with_key = |request: Request<()>| match request.metadata().get("api-key") {
            Some(key) if key == KEY => Ok(request),
            _ => Err(Status::unauthenticated("Must provide an API key")),
        };
        let server = tonic::transport::Server::builder()
            // As a server of Qdrant, it tells its health to everyone.
            .add_service(QdrantServer::new(served.clone()))
            .add_service(CollectionsServer::with_interceptor(served.clone(), with_key))
            .add_service(PointsServer::with_interceptor(served, with_key));
        runtime.block_on(server.serve_with_incoming(TcpIncoming::from(listener))).unwrap();
    });
    url
}

impl Served {
    /// Does something with a collection.
    fn with<T>(&self, name: &str, action: impl FnOnce(&Edge) -> T) -> Answer<T> {
        let collections = self.0.lock().unwrap();
        let collection = collections.get(name);
        collection.map(|collection| Response::new(action(collection))).ok_or_else(|| missing(name))
    }
}

fn missing(name: &str) -> Status {
    Status::not_found(format!("Collection `{name}` doesn't exist!"))
}

/// Implements a trait of the protocol. The methods after `others` refuse every request.
macro_rules! implement {
    ($service:ident { $($method:item)* } others { $($name:ident($request:ty) -> $answer:ty;)* }) => {
        #[tonic::async_trait]
        impl $service for Served {
            $($method)*
            $(async fn $name(&self, _: Request<$request>) -> Answer<$answer> {
                Err(Status::unimplemented(stringify!($name)))
            })*
        }
    };
}

implement! {
    Qdrant {
        async fn health_check(&self, _: Request<HealthCheckRequest>) -> Answer<HealthCheckReply> {
            Ok(Response::new(HealthCheckReply::default()))
        }
    } others {}
}

implement! {
    Collections {
        async fn collection_exists(
            &self,
            request: Request<CollectionExistsRequest>,
        ) -> Answer<CollectionExistsResponse> {
            let exists = self.0.lock().unwrap().contains_key(&request.get_ref().collection_name);
            let result = Some(CollectionExists { exists });
            Ok(Response::new(CollectionExistsResponse { result, ..Default::default() }))
        }

        async fn get(
            &self,
            request: Request<GetCollectionInfoRequest>,
        ) -> Answer<GetCollectionInfoResponse> {
            self.with(&request.get_ref().collection_name, |collection| {
                let params = CollectionParams {
                    vectors_config: Some(collection.vectors.clone()),
                    ..Default::default()
                };
                let config = CollectionConfig { params: Some(params), ..Default::default() };
                let info = CollectionInfo { config: Some(config), ..Default::default() };
                GetCollectionInfoResponse { result: Some(info), ..Default::default() }
            })
        }

        async fn create(
            &self,
            request: Request<CreateCollection>,
        ) -> Answer<CollectionOperationResponse> {
            let request = request.into_inner();
            let name = request.collection_name.clone();
            let mut collections = self.0.lock().unwrap();
            if collections.contains_key(&name) {
                return Err(Status::already_exists(name));
            }
            collections.insert(name, Edge::new(request));
            Ok(Response::new(CollectionOperationResponse { result: true, ..Default::default() }))
        }

        async fn delete(
            &self,
            request: Request<DeleteCollection>,
        ) -> Answer<CollectionOperationResponse> {
            let name = &request.get_ref().collection_name;
            self.0.lock().unwrap().remove(name).ok_or_else(|| missing(name))?;
            Ok(Response::new(CollectionOperationResponse { result: true, ..Default::default() }))
        }
    } others {
        list(ListCollectionsRequest) -> ListCollectionsResponse;
        update(UpdateCollection) -> CollectionOperationResponse;
        update_aliases(ChangeAliases) -> CollectionOperationResponse;
        list_collection_aliases(ListCollectionAliasesRequest) -> ListAliasesResponse;
        list_aliases(ListAliasesRequest) -> ListAliasesResponse;
        collection_cluster_info(CollectionClusterInfoRequest) -> CollectionClusterInfoResponse;
        update_collection_cluster_setup(UpdateCollectionClusterSetupRequest)
            -> UpdateCollectionClusterSetupResponse;
        create_shard_key(CreateShardKeyRequest) -> CreateShardKeyResponse;
        delete_shard_key(DeleteShardKeyRequest) -> DeleteShardKeyResponse;
        list_shard_keys(ListShardKeysRequest) -> ListShardKeysResponse;
    }
}

implement! {
    Points {
        async fn upsert(&self, request: Request<UpsertPoints>) -> Answer<PointsOperationResponse> {
            let request = request.into_inner();
            if request.collection_name == FULL {
                return Err(Status::resource_exhausted("No space left on device"));
            }
            self.with(&request.collection_name, |collection| {
                collection.upsert(request.points);
                PointsOperationResponse::default()
            })
        }

        async fn create_field_index(
            &self,
            request: Request<CreateFieldIndexCollection>,
        ) -> Answer<PointsOperationResponse> {
            // It makes filters fast and does not change their results.
            self.with(&request.get_ref().collection_name, |_| PointsOperationResponse::default())
        }

        async fn count(&self, request: Request<CountPoints>) -> Answer<CountResponse> {
            self.with(&request.get_ref().collection_name, |collection| {
                let result = Some(CountResult { count: collection.count() });
                CountResponse { result, ..Default::default() }
            })
        }

        async fn query(&self, request: Request<QueryPoints>) -> Answer<QueryResponse> {
            let request = request.into_inner();
            self.with(&request.collection_name.clone(), |collection| {
                QueryResponse { result: collection.query(request), ..Default::default() }
            })
        }
    } others {
        delete(DeletePoints) -> PointsOperationResponse;
        get(GetPoints) -> GetResponse;
        update_vectors(UpdatePointVectors) -> PointsOperationResponse;
        delete_vectors(DeletePointVectors) -> PointsOperationResponse;
        set_payload(SetPayloadPoints) -> PointsOperationResponse;
        overwrite_payload(SetPayloadPoints) -> PointsOperationResponse;
        delete_payload(DeletePayloadPoints) -> PointsOperationResponse;
        clear_payload(ClearPayloadPoints) -> PointsOperationResponse;
        delete_field_index(DeleteFieldIndexCollection) -> PointsOperationResponse;
        create_vector_name(CreateVectorNameRequest) -> PointsOperationResponse;
        delete_vector_name(DeleteVectorNameRequest) -> PointsOperationResponse;
        search(SearchPoints) -> SearchResponse;
        search_batch(SearchBatchPoints) -> SearchBatchResponse;
        search_groups(SearchPointGroups) -> SearchGroupsResponse;
        scroll(ScrollPoints) -> ScrollResponse;
        recommend(RecommendPoints) -> RecommendResponse;
        recommend_batch(RecommendBatchPoints) -> RecommendBatchResponse;
        recommend_groups(RecommendPointGroups) -> RecommendGroupsResponse;
        discover(DiscoverPoints) -> DiscoverResponse;
        discover_batch(DiscoverBatchPoints) -> DiscoverBatchResponse;
        update_batch(UpdateBatchPoints) -> UpdateBatchResponse;
        query_batch(QueryBatchPoints) -> QueryBatchResponse;
        query_groups(QueryPointGroups) -> QueryGroupsResponse;
        facet(FacetCounts) -> FacetResponse;
        search_matrix_pairs(SearchMatrixPoints) -> SearchMatrixPairsResponse;
        search_matrix_offsets(SearchMatrixPoints) -> SearchMatrixOffsetsResponse;
    }
}
