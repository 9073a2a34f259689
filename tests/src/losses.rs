//! The table of how much each stage of the golden networks loses by computing in integers.

use crate::golden::directory;
use crate::integer_reference::{IntegerReference, Loss};
use crate::observed::answer;
use kit::image;
use runtime::Model;
use runtime::format::VERSION;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;

/// File of the table, beside the golden blobs of the newest version.
pub const FILE: &str = "losses.csv";
/// Names of the blobs in the table.
pub const BLOBS: [&str; 3] = ["tiny", "tiny_seed", "micro"];
/// Images of each blob.
const IMAGES: u64 = 4;

/// Losses of the stages of one golden blob, by name.
///
/// # Errors
/// If the blob cannot be read or run.
pub fn losses(name: &str) -> io::Result<BTreeMap<&'static str, Loss>> {
    let blob = std::fs::read(directory(VERSION).join(format!("{name}.bin")))?;
    let model = Model::parse(&blob).map_err(io::Error::other)?;
    let reference = IntegerReference::new(&blob);
    let mut total = BTreeMap::<_, Loss>::new();
    for seed in 0..IMAGES {
        let image = image::random(model.config().image(), seed);
        let answer = answer(&model, &image).map_err(io::Error::other)?;
        for (stage, loss) in reference.losses(&answer) {
            total.entry(stage).or_default().merge(loss);
        }
    }
    Ok(total)
}

/// The table: one line for each stage of each blob.
///
/// # Errors
/// As [`losses`].
///
/// # Panics
/// Never: a string grows.
pub fn table() -> io::Result<String> {
    let mut table = String::from("blob,stage,values,largest loss,root mean square\n");
    for name in BLOBS {
        for (stage, loss) in losses(name)? {
            let (largest, mean) = (loss.largest, loss.root_mean_square());
            writeln!(table, "{name},{stage},{},{largest:.3},{mean:.3}", loss.values)
                .expect("a string grows");
        }
    }
    Ok(table)
}
