//! Writes the seed corpus: the golden blobs and, for each reader, a blob of every kind of record, some
//! descriptor heads or some indexes.
//!
//! ```text
//! seeds corpus
//! ```

use kit::index::RandomIndex;
use kit::synthetic::{self, Values};
use kit::{f16_network, smallest};
use runtime::config::VitConfig;
use std::path::Path;
use std::{env, fs, io};

/// Targets that read blobs.
const BLOB_TARGETS: [&str; 3] = ["blob_parse", "blob_run", "round_trip"];
/// Golden blobs of a few kilobytes.
const GOLDEN: [(&str, &[u8]); 3] = [
    ("tiny.bin", include_bytes!("../../../golden/v1/tiny.bin")),
    ("tiny_attributes.bin", include_bytes!("../../../golden/v1/tiny_attributes.bin")),
    ("tiny_seed.bin", include_bytes!("../../../golden/v1/tiny_seed.bin")),
];

fn main() -> io::Result<()> {
    let directory = env::args_os().nth(1).unwrap_or_else(|| "corpus".into());
    let directory = Path::new(&directory);
    for target in BLOB_TARGETS {
        let directory = directory.join(target);
        fs::create_dir_all(&directory)?;
        for (name, blob) in GOLDEN {
            fs::write(directory.join(name), blob)?;
        }
        for (name, network) in smallest::networks() {
            let config = VitConfig::new(network.spec.clone()).map_err(io::Error::other)?;
            let name = name.replace(' ', "_");
            fs::write(directory.join(format!("{name}.int8")), network.to_bytes())?;
            let f16 = f16_network::blob(&config, 4);
            fs::write(directory.join(format!("{name}.f16")), f16)?;
        }
    }
    let heads = directory.join("descriptor_run");
    fs::create_dir_all(&heads)?;
    let [(_, network), ..] = smallest::networks();
    let config = VitConfig::new(network.spec).map_err(io::Error::other)?;
    for seed in 0..4 {
        let head = synthetic::descriptor(&config, seed, Values::Extreme, [5, 6]);
        fs::write(heads.join(format!("head_{seed}")), head.to_bytes())?;
    }
    let indexes = directory.join("index_search");
    fs::create_dir_all(&indexes)?;
    for (seed, entries) in [(1, 1), (2, 17), (3, 40)] {
        let bytes = RandomIndex::new(seed, entries, [3, 5]).to_bytes();
        fs::write(indexes.join(format!("entries_{entries}")), bytes)?;
    }
    let directory = directory.join("kernel_diff");
    fs::create_dir_all(&directory)?;
    // The first byte chooses the kernels, the rest their shapes.
    for kernels in 0..7u8 {
        fs::write(directory.join(format!("kernels_{kernels}")), [kernels, 100, 50, 20, 10])?;
    }
    Ok(())
}
