//! What the fuzz targets share: blobs and values from a fuzzer's bytes.

pub mod attempt;
pub mod decode;
pub mod supply;
