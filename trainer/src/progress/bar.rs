//! The progress of a task before the first epoch.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::{LINE_PERIOD, Progress, View, duration};
use crate::note;

/// A bar if the run has a screen, lines if it prints lines, otherwise nothing.
pub(crate) struct Bar {
    what: &'static str,
    bar: ProgressBar,
    /// The time of the last line, if there are lines.
    lines: Option<Instant>,
}

impl Progress {
    /// The progress of `what`, which handles `len` images.
    pub(crate) fn bar(&self, what: &'static str, len: usize) -> Bar {
        let bar = match self.view {
            View::Screen { .. } => ProgressBar::new(len as u64),
            // Hidden, but it still measures the time.
            _ => ProgressBar::with_draw_target(
                Some(len as u64),
                indicatif::ProgressDrawTarget::hidden(),
            ),
        };
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent} %  {eta} left")
            .expect("the template is valid");
        bar.set_style(style);
        bar.set_message(what);
        let lines = matches!(self.view, View::Lines { .. }).then(Instant::now);
        Bar { what, bar, lines }
    }
}

impl Bar {
    /// `images` more images are done.
    pub(crate) fn add(&mut self, images: usize) {
        self.bar.inc(images as u64);
        if self.lines.is_none_or(|last| last.elapsed() < LINE_PERIOD) {
            return;
        }
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let share = all.saturating_sub(done) as f64 / done.max(1) as f64;
        let left = self.bar.elapsed().mul_f64(share);
        note!("{}: {done} of {all} images, {} left", self.what, duration(left));
        self.lines = Some(Instant::now());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
