//! The picture `curves.svg`: loss, accuracy and learning rate over the epochs.

use std::ops::Range;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::metrics::EpochMetrics;

/// Width and height of the picture in pixels.
const SIZE: (u32, u32) = (1500, 440);
const TRAIN: RGBColor = RGBColor(31, 119, 180);
const VALIDATION: RGBColor = RGBColor(214, 90, 20);
const RATE: RGBColor = RGBColor(60, 130, 60);

/// One panel: a title and curves over the epochs.
struct Panel {
    title: &'static str,
    y_label: &'static str,
    y_range: Range<f64>,
    curves: Vec<Curve>,
    /// The label of a value on the vertical axis.
    number: fn(f64) -> String,
    /// A corner in which the names of the curves hide no curve.
    legend: SeriesLabelPosition,
}

struct Curve {
    name: &'static str,
    colour: RGBColor,
    points: Vec<(f64, f64)>,
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
        let areas = root.split_evenly((1, 3));
        for (area, panel) in areas.iter().zip([loss(epochs), accuracy(epochs), rate(epochs)]) {
            draw_panel(area, &panel, 1.0..last)?;
        }
        root.present()?;
    }
    Ok(svg)
}

fn loss(epochs: &[EpochMetrics]) -> Panel {
    let curves = both(epochs, |row| row.train_loss, |row| row.validation_loss);
    let values = || curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
    let top = values().fold(0.0, f64::max).max(0.1);
    let bottom = values().fold(top, f64::min);
    Panel {
        title: "Loss",
        y_label: "cross-entropy",
        y_range: (bottom - 0.05 * top).max(0.0)..1.05 * top,
        curves,
        number: |value| format!("{value:.1}"),
        legend: SeriesLabelPosition::UpperRight,
    }
}

fn accuracy(epochs: &[EpochMetrics]) -> Panel {
    Panel {
        title: "Accuracy",
        y_label: "%",
        y_range: 0.0..100.0,
        curves: both(
            epochs,
            |row| 100.0 * row.train_accuracy,
            |row| 100.0 * row.validation_accuracy,
        ),
        number: |value| format!("{value:.0}"),
        legend: SeriesLabelPosition::LowerRight,
    }
}

fn rate(epochs: &[EpochMetrics]) -> Panel {
    let points = points(epochs, |row| row.learning_rate);
    let top = points.iter().map(|point| point.1).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    Panel {
        title: "Learning rate",
        y_label: "at the end of the epoch",
        y_range: 0.0..1.05 * top,
        curves: vec![Curve { name: "learning rate", colour: RATE, points }],
        number: |value| if value == 0.0 { "0".to_owned() } else { format!("{value:.1e}") },
        legend: SeriesLabelPosition::UpperRight,
    }
}

/// A curve of the training images and one of the validation images.
fn both(
    epochs: &[EpochMetrics],
    train: impl Fn(&EpochMetrics) -> f64,
    validation: impl Fn(&EpochMetrics) -> f64,
) -> Vec<Curve> {
    // Not comparable with validation: training images are augmented and their labels smoothed.
    let name = "training (augmented images)";
    vec![
        Curve { name, colour: TRAIN, points: points(epochs, train) },
        Curve { name: "validation", colour: VALIDATION, points: points(epochs, validation) },
    ]
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
        .y_label_area_size(66)
        .build_cartesian_2d(x_range, panel.y_range.clone())?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc(panel.y_label)
        .x_labels(10)
        .y_labels(10)
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .y_label_formatter(&|value| (panel.number)(*value))
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .label_style(("sans-serif", 14))
        .draw()?;
    for Curve { name, colour, points } in &panel.curves {
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(points.iter().copied(), style))?
            .label(*name)
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
    fn every_panel_holds_its_curves() {
        let svg = draw(&improving(12)).unwrap();
        for text in ["Loss", "Accuracy", "Learning rate", "epoch", "validation"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        let curve = |colour: &str| svg.matches(&format!("stroke=\"{colour}\"")).count();
        // A curve and its line in the legend, in each of two panels or in one.
        assert_eq!(curve("#1F77B4"), 4, "training curves");
        assert_eq!(curve("#D65A14"), 4, "validation curves");
        assert_eq!(curve("#3C823C"), 2, "learning rate");
    }

    #[test]
    fn a_single_epoch_can_be_drawn() {
        assert!(draw(&improving(1)).unwrap().ends_with("</svg>\n"), "a whole picture");
    }
}
