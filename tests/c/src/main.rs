//! Makes the header of `runtime/c`, and tests the library from C on this computer.
//!
//! ```text
//! c_interface header            fails if the header is not what the sources give
//! c_interface header --renew    writes the header
//! c_interface host PROGRAM      runs the C program and compares what it prints with the runtime's results
//! ```

mod fixture;
mod header;
mod host;

use anyhow::{Result, bail};
use std::path::Path;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["header"] => header::check(),
        ["header", "--renew"] => header::renew(),
        ["host", program] => host::compare(Path::new(program)),
        _ => bail!("usage: c_interface header [--renew] | host PROGRAM"),
    }
}
