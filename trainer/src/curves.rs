//! The picture `curves.svg`: loss and accuracy over the epochs.

use std::ops::Range;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::metrics::EpochMetrics;
use crate::output;

/// Width and height of the picture in pixels.
const SIZE: (u32, u32) = (1100, 440);
const TRAIN: RGBColor = RGBColor(31, 119, 180);
const VALIDATION: RGBColor = RGBColor(214, 90, 20);

/// One panel: a title and two curves over the epochs.
struct Panel {
    title: &'static str,
    y_label: &'static str,
    y_range: Range<f64>,
    train: Vec<(f64, f64)>,
    validation: Vec<(f64, f64)>,
    /// Of the numbers beside it.
    decimals: usize,
    /// Where the names of the curves hide nothing.
    legend: SeriesLabelPosition,
}

/// Draws the epochs so far.
///
/// # Errors
/// If the file cannot be written.
pub fn write_svg(path: &Path, epochs: &[EpochMetrics]) -> Result<()> {
    let svg = draw(epochs).map_err(|error| anyhow!("cannot draw {}: {error}", path.display()))?;
    output::write(path, svg.as_bytes())
}

fn draw(epochs: &[EpochMetrics]) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let last = epochs.len().max(2) as f64;
        let areas = root.split_evenly((1, 2));
        for (area, panel) in areas.iter().zip([loss(epochs), accuracy(epochs)]) {
            draw_panel(area, &panel, 1.0..last)?;
        }
        root.present()?;
    }
    Ok(svg)
}

fn loss(epochs: &[EpochMetrics]) -> Panel {
    let train = points(epochs, |row| row.train_loss);
    let validation = points(epochs, |row| row.validation_loss);
    let values = || train.iter().chain(&validation).map(|point| point.1);
    let top = values().fold(0.0, f64::max).max(0.1);
    let bottom = values().fold(top, f64::min);
    Panel {
        title: "Loss",
        y_label: "cross-entropy",
        y_range: (bottom - 0.05 * top).max(0.0)..1.05 * top,
        train,
        validation,
        decimals: 1,
        legend: SeriesLabelPosition::UpperRight,
    }
}

fn accuracy(epochs: &[EpochMetrics]) -> Panel {
    Panel {
        title: "Accuracy",
        y_label: "%",
        y_range: 0.0..100.0,
        train: points(epochs, |row| 100.0 * row.train_accuracy),
        validation: points(epochs, |row| 100.0 * row.validation_accuracy),
        decimals: 0,
        legend: SeriesLabelPosition::LowerRight,
    }
}

fn points(epochs: &[EpochMetrics], value: impl Fn(&EpochMetrics) -> f64) -> Vec<(f64, f64)> {
    epochs.iter().map(|row| (row.epoch as f64, value(row))).collect()
}

fn draw_panel<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    panel: &Panel,
    x_range: Range<f64>,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 22))
        .margin(14)
        .x_label_area_size(40)
        .y_label_area_size(54)
        .build_cartesian_2d(x_range, panel.y_range.clone())?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc(panel.y_label)
        .x_labels(10)
        .y_labels(10)
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .y_label_formatter(&|value| format!("{value:.0$}", panel.decimals))
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .label_style(("sans-serif", 14))
        .draw()?;
    for (name, colour, points) in [
        ("training (augmented, smoothed labels)", TRAIN, &panel.train),
        ("validation", VALIDATION, &panel.validation),
    ] {
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(points.iter().copied(), style))?
            .label(name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(panel.legend.clone())
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.2))
        .label_font(("sans-serif", 14))
        .draw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::improving;

    #[test]
    fn both_panels_hold_both_curves() {
        let svg = draw(&improving(12)).unwrap();
        for text in ["Loss", "Accuracy", "epoch", "validation"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        let curve = |colour: &str| svg.matches(&format!("stroke=\"{colour}\"")).count();
        // A curve and its line in the legend, in each of two panels.
        assert_eq!(curve("#1F77B4"), 4, "training curves");
        assert_eq!(curve("#D65A14"), 4, "validation curves");
    }

    #[test]
    fn a_single_epoch_can_be_drawn() {
        assert!(draw(&improving(1)).unwrap().ends_with("</svg>\n"), "a whole picture");
    }
}
