//! Compares a network in several depths and widths.

mod cell;
mod chart;
mod table;

use std::path::Path;

use anyhow::Result;

use crate::output;

pub use cell::{Cell, Shape, network};
pub use table::markdown;

/// Sorts the cells by depth and width, and writes `sweep.csv` and `sweep.svg` about them.
///
/// # Errors
/// If the directory cannot be written to.
pub fn write(out: &Path, cells: &mut [Cell]) -> Result<()> {
    cells.sort_by_key(|cell| (cell.shape.depth, cell.shape.dim));
    output::write(&out.join("sweep.csv"), table::csv(cells).as_bytes())?;
    output::write(&out.join("sweep.svg"), chart::svg(cells)?.as_bytes())
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
    }
}
