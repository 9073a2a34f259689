//! The table at the end of a run: medians and ratios from that run's own results.

use std::path::Path;
use std::time::SystemTime;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Criterion's group.
    pub group: String,
    /// Its benchmark.
    pub benchmark: String,
}

/// Prints the median of each row and its ratio to `reference` of the same group; rows without a
/// result from `start` on, as when benchmarks are run as tests or filtered, are left out.
pub fn print(rows: &[Row], reference: &str, start: SystemTime) {
    let median = |group: &str, benchmark: &str| median(group, benchmark, start);
    let mut header = true;
    for row in rows {
        let (Some(median), Some(other)) =
            (median(&row.group, &row.benchmark), median(&row.group, reference))
        else {
            continue;
        };
        if std::mem::take(&mut header) {
            println!(
                "\n{:<22} {:<20} {:>12} {:>22}",
                "network", "implementation", "median", "times faster"
            );
        }
        println!(
            "{:<22} {:<20} {:>9.1} µs {:>21.1}×",
            row.group,
            row.benchmark,
            median / 1e3,
            other / median
        );
    }
}

/// Prints a rate for each row: its number of multiply-accumulates divided by its median time. Also prints
/// the share of the rate of `limit`. Rows without a result since `start` are left out.
pub fn print_rates(rows: &[(Row, usize)], limit: Option<&(Row, usize)>, start: SystemTime) {
    let rate = |(row, macs): &(Row, usize)| {
        median(&row.group, &row.benchmark, start).map(|median| *macs as f64 / median)
    };
    let most = limit.and_then(rate);
    let mut header = true;
    for row in limit.into_iter().chain(rows) {
        let Some(rate) = rate(row) else { continue };
        if std::mem::take(&mut header) {
            println!("\n{:<34} {:<20} {:>10} {:>9}", "kernel", "set", "GMAC/s", "of limit");
        }
        let share = most.map_or(String::new(), |most| format!("{:.0} %", 100.0 * rate / most));
        println!("{:<34} {:<20} {rate:>10.1} {share:>9}", row.0.group, row.0.benchmark);
    }
}

/// Median of a run that ended after `start`, in nanoseconds.
fn median(group: &str, benchmark: &str, start: SystemTime) -> Option<f64> {
    let path = Path::new(crate::RESULTS).join(group).join(benchmark).join("new/estimates.json");
    let written = path.metadata().ok()?.modified().ok()?;
    if written < start {
        return None;
    }
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    value["median"]["point_estimate"].as_f64()
}
