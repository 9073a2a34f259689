//! Compares a network in several depths and widths.

mod cell;
mod chart;
mod table;

use std::path::Path;

use anyhow::Result;

use output::{self, Replaces};

pub use cell::{Cell, Shape, network};
pub use table::markdown;

const TABLE_FILE: &str = "sweep.csv";
const CHART_FILE: &str = "sweep.svg";

/// Refuses a directory that cannot be created or written to, or whose `sweep.csv` or `sweep.svg` was not
/// written by a sweep.
///
/// # Errors
/// In these cases. The message names the file.
pub fn check(out: &Path) -> Result<()> {
    let is_table = |start: &[u8]| start.starts_with(table::HEADER.as_bytes());
    let is_chart = |start: &[u8]| String::from_utf8_lossy(start).contains(chart::CAPTION);
    let table = Replaces::Kind { name: "the table of a sweep", is: is_table };
    let chart = Replaces::Kind { name: "the chart of a sweep", is: is_chart };
    output::check_directory(out, &[TABLE_FILE], table)?;
    output::check_directory(out, &[CHART_FILE], chart)
}

/// Sorts the cells by depth and width, and writes `sweep.csv` and `sweep.svg` about them.
///
/// # Errors
/// If the directory cannot be written to.
pub fn write(out: &Path, cells: &mut [Cell]) -> Result<()> {
    cells.sort_by_key(|cell| (cell.shape.depth, cell.shape.dim));
    output::write(&out.join(TABLE_FILE), table::csv(cells).as_bytes())?;
    output::write(&out.join(CHART_FILE), chart::svg(cells)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::cell::tests::cells;
    use super::*;

    #[test]
    fn table_and_chart_are_written() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &mut cells(&[2, 4], &[10, 32])).unwrap();
        for file in ["sweep.csv", "sweep.svg"] {
            assert!(directory.path().join(file).is_file(), "{file}");
        }
        check(directory.path()).unwrap();
        for file in ["sweep.csv", "sweep.svg"] {
            let (path, other) = (directory.path().join(file), directory.path().join("other"));
            std::fs::rename(&path, &other).unwrap();
            std::fs::write(&path, "something else").unwrap();
            let error = check(directory.path()).unwrap_err().to_string();
            assert!(error.contains(file), "{error}");
            std::fs::rename(other, path).unwrap();
        }
    }
}
