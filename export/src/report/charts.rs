//! Charts of the report: a histogram as inline SVG, bars as HTML elements.

use crate::calibrate::{Histogram, Range};
use maud::{Markup, html};
use std::fmt::Write;

/// Number of bars of a histogram.
const BARS: usize = 96;
/// Width and height of a histogram, in the units of its `viewBox`.
const WIDTH: f64 = 288.0;
const HEIGHT: f64 = 48.0;

/// A histogram of `values` with logarithmic counts. The background shows which values the integers
/// represent: `page.css` has one colour for the range `covered`, another one for values that are cut off.
pub(super) fn histogram(values: &Histogram, covered: Range) -> Markup {
    let range = values.range();
    let span = (range.max - range.min).max(f64::MIN_POSITIVE);
    let mut bars = [0u64; BARS];
    for (value, count) in values.bins() {
        let bar = ((value - range.min) / span * BARS as f64) as usize;
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
    let at = |value: f64| WIDTH * ((value - range.min) / span).clamp(0.0, 1.0);
    let (low, high) = (at(covered.min), at(covered.max));
    html! {
        svg class="histogram" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } {
            rect width=(WIDTH) height=(HEIGHT) class="cut" {}
            rect x=(low) width=(high - low) height=(HEIGHT) class="covered" {}
            path d={ (path) "L" (WIDTH) " " (HEIGHT) "Z" } {}
        }
    }
}

/// One bar that is divided in proportion to the values of `parts`. The padding in `page.css` keeps small
/// parts visible.
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

/// A bar that is filled up to the share `value`, 0 to 1. `class` decides its colour.
pub(super) fn share(value: f64, class: &str) -> Markup {
    let width = format!("width:{:.1}%", 100.0 * value.clamp(0.0, 1.0));
    html! { div class="track" { div class=(class) style=(width) {} } }
}
