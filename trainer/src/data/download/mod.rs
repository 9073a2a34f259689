//! CIFAR-10 from its authors: downloaded once, checked, unpacked and kept.
//!
//! The bytes that have arrived are kept in a `.part` file, so that an interrupted transfer continues
//! where it stopped. The archive is used only if its length and SHA-256 are those of the published
//! one, and each file of images is either complete or absent. If several processes need the archive at the
//! same time, one of them transfers it and the others wait.

mod archive;
mod args;
mod cache;
mod transfer;
mod unpack;

pub use archive::CIFAR10_URL;
pub use args::DownloadArgs;
pub use cache::{CACHE_VARIABLE, Download, cache_directory, download};

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
