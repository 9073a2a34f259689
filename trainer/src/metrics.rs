//! The measurements of every epoch, and their table `metrics.csv`.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// First line of `metrics.csv`.
const HEADER: &str = "epoch,learning_rate,train_loss,train_accuracy,validation_loss,\
                      validation_accuracy,validation_top5,images_per_second,seconds";

/// Measurements of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Counted from 1.
    pub epoch: usize,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Mean loss over the epoch's steps, on augmented images and with label smoothing.
    pub train_loss: f64,
    /// Accuracy on the augmented images of the training steps, 0 to 1.
    pub train_accuracy: f64,
    /// Mean cross-entropy on the validation images after the epoch.
    pub validation_loss: f64,
    /// 0 to 1.
    pub validation_accuracy: f64,
    /// 0 to 1.
    pub validation_top5: f64,
    /// Training images per second, without the time of validation.
    pub images_per_second: f64,
    /// Seconds since the start of the run, validation included.
    pub seconds: f64,
}

/// Writes the table of all epochs so far.
///
/// # Errors
/// If the directory cannot be written to.
pub fn write_csv(path: &Path, epochs: &[EpochMetrics]) -> Result<()> {
    output::write(path, table(epochs).as_bytes())
}

/// Whether a file that begins with these bytes is such a table.
pub(crate) fn is_table(start: &[u8]) -> bool {
    start.starts_with(HEADER.as_bytes())
}

fn table(epochs: &[EpochMetrics]) -> String {
    let mut table = format!("{HEADER}\n");
    for row in epochs {
        writeln!(
            table,
            "{},{:.6e},{:.5},{:.5},{:.5},{:.5},{:.5},{:.1},{:.1}",
            row.epoch,
            row.learning_rate,
            row.train_loss,
            row.train_accuracy,
            row.validation_loss,
            row.validation_accuracy,
            row.validation_top5,
            row.images_per_second,
            row.seconds
        )
        .expect("a String takes any text");
    }
    table
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The metrics of a run that improves steadily.
    pub(crate) fn improving(epochs: usize) -> Vec<EpochMetrics> {
        (1..=epochs)
            .map(|epoch| {
                let share = epoch as f64 / epochs as f64;
                EpochMetrics {
                    epoch,
                    learning_rate: 2e-3 * (1.0 - share),
                    train_loss: 2.3 - share,
                    train_accuracy: 0.1 + 0.6 * share,
                    validation_loss: 2.3 - 0.8 * share,
                    validation_accuracy: 0.1 + 0.5 * share,
                    validation_top5: 0.5 + 0.45 * share,
                    images_per_second: 500.0,
                    seconds: 9.0 * epoch as f64,
                }
            })
            .collect()
    }

    #[test]
    fn every_row_has_a_value_for_every_column() {
        let table = table(&improving(3));
        assert!(is_table(table.as_bytes()), "known by its header");
        let lines = table.lines().collect::<Vec<_>>();
        assert_eq!(lines.len(), 4, "a header and three epochs");
        for line in &lines {
            assert_eq!(line.split(',').count(), 9, "columns of {line}");
        }
        assert!(lines[3].starts_with("3,0.000000e0,1.30000,0.70000,1.5"), "{}", lines[3]);
    }
}
