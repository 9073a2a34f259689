//! Writes projects around a network: firmware in Rust, and packages for C, Arduino and Zephyr.
//!
//! Nothing here touches the disk, except to read the source of the runtime. Each module imports only from those
//! above it:
//!
//! ```text
//! files      paths and bytes of a project; templates
//! literal    texts, names and bytes as a language or a shell writes them
//! network    a blob, with an image to try it on and what it finds there
//! source     the source of the runtime: in its repository, or copied into the project
//! c_files    the network as C: header and array
//! board      boards, their memory and how to start a program on them
//! firmware   a Cargo project for a board
//! package    packages for CMake, Arduino and Zephyr
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod board;
mod c_files;
pub mod files;
pub mod firmware;
mod literal;
mod network;
pub mod package;
mod source;

pub use files::Files;
pub use literal::shell_word;
pub use network::{Found, Network};
pub use source::Source;
