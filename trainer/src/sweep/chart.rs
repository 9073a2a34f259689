//! The picture `sweep.svg`: accuracy over width, a curve for each depth.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use super::cell::Cell;

/// Width and height of the picture in pixels.
const SIZE: (u32, u32) = (760, 480);
/// Room above the highest and below the lowest accuracy, in percent.
const ROOM: f64 = 2.0;

/// Its title, by which a file is recognised as this picture.
pub(super) const CAPTION: &str = "Test accuracy by depth and width";

/// Draws the test accuracies.
pub(super) fn svg(cells: &[Cell]) -> Result<String> {
    draw(cells).map_err(|error| anyhow!("cannot draw the sweep: {error}"))
}

fn draw(cells: &[Cell]) -> Result<String, Box<dyn std::error::Error>> {
    let mut dims = cells.iter().map(|cell| cell.shape.dim).collect::<Vec<_>>();
    dims.sort_unstable();
    dims.dedup();
    let mut depths = cells.iter().map(|cell| cell.shape.depth).collect::<Vec<_>>();
    depths.sort_unstable();
    depths.dedup();
    let percent = |cell: &Cell| 100.0 * cell.test_accuracy;
    let top = cells.iter().map(percent).fold(0.0, f64::max);
    let bottom = cells.iter().map(percent).fold(top, f64::min);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        // Equal distances between widths, because widths are usually chosen by factors.
        let last = (dims.len().max(2) - 1) as f64;
        let heights = (bottom - ROOM).max(0.0)..(top + ROOM).min(100.0);
        let mut chart = ChartBuilder::on(&root)
            .caption(CAPTION, ("sans-serif", 22))
            .margin(14)
            .x_label_area_size(40)
            .y_label_area_size(54)
            .build_cartesian_2d(-0.2..last + 0.2, heights)?;
        let name = |at: &f64| {
            let whole = (at - at.round()).abs() < 1e-6;
            let dim = dims.get(at.round() as usize).filter(|_| whole && *at > -0.5);
            dim.map_or(String::new(), u16::to_string)
        };
        chart
            .configure_mesh()
            .x_desc("dim")
            .y_desc("%")
            .x_labels(dims.len() * 2)
            .y_labels(10)
            .x_label_formatter(&name)
            .y_label_formatter(&|value| format!("{value:.0}"))
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.12))
            .label_style(("sans-serif", 14))
            .draw()?;
        for (index, &depth) in depths.iter().enumerate() {
            let colour = Palette99::pick(index).to_rgba();
            let mut points = cells
                .iter()
                .filter(|cell| cell.shape.depth == depth)
                .filter_map(|cell| {
                    let at = dims.binary_search(&cell.shape.dim).ok()?;
                    Some((at as f64, percent(cell)))
                })
                .collect::<Vec<_>>();
            points.sort_by(|one, other| one.0.total_cmp(&other.0));
            chart
                .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
                .label(format!("depth {depth}"))
                .legend(move |(x, y)| {
                    PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2))
                });
            chart.draw_series(points.iter().map(|&at| Circle::new(at, 4, colour.filled())))?;
        }
        chart
            .configure_series_labels()
            // Curves rise to the right.
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.85))
            .border_style(BLACK.mix(0.2))
            .label_font(("sans-serif", 14))
            .draw()?;
        root.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::cell::tests::cells;

    #[test]
    fn every_cell_is_a_point() {
        let svg = draw(&cells(&[2, 4, 8], &[10, 64])).unwrap();
        assert_eq!(svg.matches("<circle").count(), 6, "points");
        for text in ["depth 2", "depth 4", "depth 8", "\n10\n", "\n64\n"] {
            assert!(svg.contains(text), "{text} is missing");
        }
    }

    #[test]
    fn a_single_cell_can_be_drawn() {
        assert!(draw(&cells(&[2], &[10])).unwrap().ends_with("</svg>\n"), "a whole picture");
    }
}
