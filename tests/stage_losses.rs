//! The rounding loss of each stage against f64, on the golden networks. The table equals the pinned one,
//! and a stage that only rounds loses at most half a step.

use runtime::format::VERSION;
use tests::golden::directory;
use tests::losses::{BLOBS, FILE, losses, table};

/// Stages whose exact sum is rounded once.
const ROUNDED: [&str; 3] = ["projection", "residual sum", "embedding"];

#[test]
fn losses_equal_the_pinned_table() {
    let path = directory(VERSION).join(FILE);
    let shown = path.display();
    let pinned = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let table = table().unwrap();
    for (found, pinned) in table.lines().zip(pinned.lines()) {
        assert_eq!(found, pinned, "{shown}: `cargo run -p tests --bin regen_golden` writes it");
    }
    assert_eq!(table.len(), pinned.len(), "{shown}: length of the table");
}

#[test]
fn stages_that_only_round_lose_half_a_step() {
    for name in BLOBS {
        for (stage, loss) in losses(name).unwrap() {
            let rounded = ROUNDED.contains(&stage);
            assert!(!rounded || loss.largest <= 0.5 + 1e-9, "{name}, {stage}: {loss:?}");
            assert!(loss.root_mean_square() > 0.0, "{name}, {stage}: nothing was compared");
        }
    }
}
