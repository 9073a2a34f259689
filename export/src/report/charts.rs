//! Charts as inline SVG.

use crate::calibrate::{Histogram, Range};
use maud::{Markup, html};
use std::fmt::Write;

/// Bars of a histogram's picture.
const BARS: usize = 96;
const WIDTH: f64 = 288.0;
const HEIGHT: f64 = 48.0;

/// A histogram with logarithmic counts; the range that integers cover is white, what is cut off
/// grey.
pub(super) fn histogram(values: &Histogram, covered: Range) -> Markup {
    let whole = values.range();
    let span = (whole.max - whole.min).max(f64::MIN_POSITIVE);
    let mut bars = [0u64; BARS];
    for (value, count) in values.bins() {
        let bar = ((value - whole.min) / span * BARS as f64) as usize;
        bars[bar.min(BARS - 1)] += count;
    }
    let logarithm = |count: u64| (1.0 + count as f64).ln();
    let highest = bars.iter().map(|&count| logarithm(count)).fold(f64::MIN_POSITIVE, f64::max);
    let mut path = format!("M0 {HEIGHT}");
    for (bar, &count) in bars.iter().enumerate() {
        let (left, right) = (bar as f64, bar as f64 + 1.0);
        let top = HEIGHT * (1.0 - logarithm(count) / highest);
        let scale = WIDTH / BARS as f64;
        // Writing to a string does not fail.
        let _ = write!(path, "L{:.1} {top:.1}L{:.1} {top:.1}", left * scale, right * scale);
    }
    let at = |value: f64| WIDTH * ((value - whole.min) / span).clamp(0.0, 1.0);
    let (low, high) = (at(covered.min), at(covered.max));
    html! {
        svg class="histogram" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } {
            rect width=(WIDTH) height=(HEIGHT) class="cut" {}
            rect x=(low) width=(high - low) height=(HEIGHT) class="covered" {}
            path d={ (path) "L" (WIDTH) " " (HEIGHT) "Z" } {}
        }
    }
}

/// Named parts of a whole as one bar, each at least visible.
pub(super) fn parts(parts: &[(String, f64)]) -> Markup {
    let total = parts.iter().map(|(_, value)| value).sum::<f64>().max(f64::MIN_POSITIVE);
    html! {
        div class="parts" {
            @for (name, value) in parts {
                @let share = 100.0 * value / total;
                div style={ "flex-grow:" (format!("{share:.2}")) }
                    title={ (name) ", " (format!("{share:.1}")) " %" } {
                    @if share > 6.0 { (name) }
                }
            }
        }
    }
}

/// A bar of a share, 0 to 1.
pub(super) fn share(value: f64, class: &str) -> Markup {
    let width = format!("width:{:.1}%", 100.0 * value.clamp(0.0, 1.0));
    html! { div class="track" { div class=(class) style=(width) {} } }
}
