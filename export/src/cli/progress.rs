//! Bars that show how far a command is.

use export::{Counter, Phase};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// A bar on standard error, if that is a terminal.
pub(super) fn bar(what: &'static str, len: usize) -> ProgressBar {
    let bar = ProgressBar::new(len as u64).with_message(what);
    if let Ok(style) =
        ProgressStyle::with_template("{msg:<12} {bar:32} {pos}/{len}, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

/// A bar for a phase of [`export::quantize`]. It disappears when the phase is over.
pub(super) fn watched(phase: Phase, total: usize) -> Counter {
    let what = match phase {
        Phase::Calibrating => "calibrating",
        Phase::Searching => "searching",
        Phase::Correcting => "biases",
    };
    let bar = bar(what, total).with_finish(ProgressFinish::AndClear);
    Box::new(move |done| bar.inc(done as u64))
}
