//! Prints tables after a benchmark run, from the results that Criterion wrote in this run.

use std::path::Path;
use std::time::SystemTime;

/// One line of a table: a benchmark.
#[derive(Clone, Debug)]
pub struct Row {
    /// The group in Criterion.
    pub group: String,
    /// The name of the benchmark within the group.
    pub benchmark: String,
}

/// Prints the median time of each row, and how many times faster it is than the benchmark `reference` of
/// the same group.
///
/// A row without a result after `start` is left out. It was filtered, or the benchmarks ran as tests.
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
    let limit_rate = limit.and_then(rate);
    let mut header = true;
    for row in limit.into_iter().chain(rows) {
        let Some(rate) = rate(row) else { continue };
        if std::mem::take(&mut header) {
            println!("\n{:<34} {:<20} {:>10} {:>9}", "kernel", "set", "GMAC/s", "of limit");
        }
        let share = limit_rate
            .map_or(String::new(), |limit_rate| format!("{:.0} %", 100.0 * rate / limit_rate));
        println!("{:<34} {:<20} {rate:>10.1} {share:>9}", row.0.group, row.0.benchmark);
    }
}

/// Prints the median time of each row, and the time for each of its entries. Rows without a result since `start` are
/// left out.
pub fn print_entries(rows: &[(Row, usize)], start: SystemTime) {
    let mut header = true;
    for (row, entries) in rows {
        let Some(median) = median(&row.group, &row.benchmark, start) else { continue };
        if std::mem::take(&mut header) {
            println!("\n{:<30} {:<20} {:>12} {:>14}", "search", "program", "median", "of an entry");
        }
        let (micros, each) = (median / 1e3, median / *entries as f64);
        println!("{:<30} {:<20} {micros:>9.0} µs {each:>11.2} ns", row.group, row.benchmark);
    }
}

/// Median time of a benchmark in nanoseconds. `None` without a result after `start`.
fn median(group: &str, benchmark: &str, start: SystemTime) -> Option<f64> {
    let path = Path::new(crate::RESULTS).join(group).join(benchmark).join("new/estimates.json");
    let written = path.metadata().ok()?.modified().ok()?;
    if written < start {
        return None;
    }
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    value["median"]["point_estimate"].as_f64()
}
