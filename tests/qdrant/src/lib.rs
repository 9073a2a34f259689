//! A server for tests: the protocol of Qdrant before its engine of one process.

mod edge;
pub mod served;
