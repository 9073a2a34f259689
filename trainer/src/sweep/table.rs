//! The cells of a sweep as text.

use std::fmt::Write;

use super::cell::Cell;

/// First line of `sweep.csv`.
pub(super) const HEADER: &str = "depth,dim,parameters,macs,best_epoch,validation_accuracy,test_accuracy,\
                      test_top5_accuracy,seconds";

/// A line for each cell.
pub(super) fn csv(cells: &[Cell]) -> String {
    let mut table = format!("{HEADER}\n");
    for cell in cells {
        writeln!(
            table,
            "{},{},{},{},{},{:.5},{:.5},{:.5},{:.1}",
            cell.shape.depth,
            cell.shape.dim,
            cell.parameters,
            cell.macs,
            cell.best_epoch,
            cell.validation_accuracy,
            cell.test_accuracy,
            cell.test_top5_accuracy,
            cell.seconds
        )
        .expect("a String takes any text");
    }
    table
}

/// Test accuracies in percent, a row for each depth and a column for each width; a dash for a missing cell.
pub fn markdown(cells: &[Cell]) -> String {
    let mut dims = cells.iter().map(|cell| cell.shape.dim).collect::<Vec<_>>();
    let mut depths = cells.iter().map(|cell| cell.shape.depth).collect::<Vec<_>>();
    dims.sort_unstable();
    dims.dedup();
    depths.sort_unstable();
    depths.dedup();
    let heads = dims.iter().map(|dim| format!(" dim {dim} |")).collect::<String>();
    let mut table = format!("| |{heads}\n|---|{}\n", "---:|".repeat(dims.len()));
    for depth in depths {
        table += &format!("| depth {depth} |");
        for &dim in &dims {
            let of_shape = |cell: &&Cell| (cell.shape.depth, cell.shape.dim) == (depth, dim);
            table += &cells.iter().find(of_shape).map_or(" – |".to_owned(), |cell| {
                format!(" {:.1} % |", 100.0 * cell.test_accuracy)
            });
        }
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::cell::tests::cells;

    #[test]
    fn cells_are_found_by_row_and_column() {
        let mut cells = cells(&[4, 2], &[32, 10]);
        cells.remove(0);
        let expected = "| | dim 10 | dim 32 |\n|---|---:|---:|\n| depth 2 | 2.0 % | 6.4 % |\n\
                        | depth 4 | 4.0 % | – |\n";
        assert_eq!(markdown(&cells), expected, "the cell of depth 4 and dim 32 is missing");
    }

    #[test]
    fn a_line_for_each_cell() {
        let table = csv(&cells(&[2], &[10, 32]));
        let lines = table.lines().collect::<Vec<_>>();
        assert_eq!(lines[2], "2,32,7,9,3,0.07400,0.06400,0.50000,1.0", "second cell");
        assert_eq!(lines[0].split(',').count(), lines[2].split(',').count(), "columns");
    }
}
