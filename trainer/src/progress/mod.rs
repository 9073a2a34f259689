//! The progress of a run: a screen on a terminal, lines elsewhere, or JSON for programs.

mod bar;
mod duration;
mod painter;
mod screen;

use std::io::{Stdout, stdout};
use std::time::{Duration, Instant};

use crate::metrics::EpochMetrics;
use crate::{note, say};
pub(crate) use bar::Bar;
pub use duration::duration;
use painter::Painter;
use screen::Screen;

/// Time between two lines within an epoch, without a terminal.
const LINE_PERIOD: Duration = Duration::from_secs(30);
/// Time between two pictures on a screen.
const SCREEN_PERIOD: Duration = Duration::from_millis(200);

/// Shows the epochs, the accuracy and the remaining time of a run.
#[derive(Debug)]
pub struct Progress {
    view: View,
    epochs: usize,
    epoch: usize,
    images_per_epoch: usize,
    images: usize,
    skipped: usize,
    start: Instant,
    /// Loss and accuracy of the epoch so far.
    now: (f64, f64),
    done: Vec<EpochMetrics>,
    best: Option<usize>,
}

#[derive(Debug)]
enum View {
    Screen { painter: Painter<Stdout>, last: Instant },
    Lines { last: Instant },
    Json,
    Nothing,
}

impl Progress {
    /// A screen if standard output is a terminal, lines if it is a file or a pipe.
    pub fn visible() -> Self {
        match Painter::on_terminal(stdout()) {
            Some(painter) => Self::with(View::Screen { painter, last: Instant::now() }),
            None => Self::lines(),
        }
    }

    /// A line on standard error for each epoch, and every half a minute within one.
    pub fn lines() -> Self {
        Self::with(View::Lines { last: Instant::now() })
    }

    /// One JSON object for each epoch on standard output.
    pub fn json() -> Self {
        Self::with(View::Json)
    }

    /// Nothing at all.
    pub fn hidden() -> Self {
        Self::with(View::Nothing)
    }

    fn with(view: View) -> Self {
        let start = Instant::now();
        Self {
            view,
            epochs: 0,
            epoch: 1,
            images_per_epoch: 0,
            images: 0,
            skipped: 0,
            start,
            now: (0.0, 0.0),
            done: Vec::new(),
            best: None,
        }
    }

    /// A run begins, or continues after the epochs `done`, of which `best` is kept.
    pub(crate) fn start(
        &mut self,
        done: &[EpochMetrics],
        best: Option<usize>,
        epochs: usize,
        images_per_epoch: usize,
    ) {
        self.start = Instant::now();
        (self.epochs, self.epoch) = (epochs, done.len() + 1);
        self.skipped = done.len() * images_per_epoch;
        (self.images_per_epoch, self.images) = (images_per_epoch, self.skipped);
        (self.done, self.best) = (done.to_vec(), best);
    }

    /// `images` more images are done; loss and accuracy are those of the epoch so far.
    pub(crate) fn images(&mut self, images: usize, loss: f64, accuracy: f64) {
        self.images += images;
        self.now = (loss, accuracy);
        match &self.view {
            View::Screen { last, .. } if last.elapsed() >= SCREEN_PERIOD => self.paint(),
            View::Lines { last } if last.elapsed() >= LINE_PERIOD => {
                note!("{}", self.message());
                self.view = View::Lines { last: Instant::now() };
            }
            View::Screen { .. } | View::Lines { .. } | View::Json | View::Nothing => {}
        }
    }

    /// An epoch has been trained and validated.
    pub(crate) fn epoch(&mut self, row: &EpochMetrics, best: bool) {
        self.epoch = row.epoch + 1;
        self.done.push(*row);
        if best {
            self.best = Some(row.epoch);
        }
        match &self.view {
            View::Screen { .. } => self.paint(),
            View::Lines { .. } => {
                note!("{}  {} left", self.line(row, best), duration(self.left()));
                self.view = View::Lines { last: Instant::now() };
            }
            View::Json => {
                // Neither a closed reader nor a full disk ends the training. The same error occurs again
                // when the result is printed.
                if say!("{}", serde_json::json!(row)).is_err() {
                    self.view = View::Nothing;
                }
            }
            View::Nothing => {}
        }
    }

    /// Erases the screen, if there is one; lines stay.
    pub(crate) fn erase(&mut self) {
        if let View::Screen { painter, .. } = &mut self.view {
            painter.erase();
        }
    }

    fn paint(&mut self) {
        let mut view = std::mem::replace(&mut self.view, View::Nothing);
        if let View::Screen { painter, last } = &mut view {
            painter.paint(&self.screen());
            *last = Instant::now();
        }
        self.view = view;
    }

    fn screen(&self) -> Screen<'_> {
        let all = (self.epochs * self.images_per_epoch).max(1);
        Screen {
            epoch: self.epoch.min(self.epochs),
            epochs: self.epochs,
            share: self.images as f64 / all as f64,
            left: self.left(),
            images_per_second: self.images_per_second(),
            now: self.now,
            done: &self.done,
            best: self.best.and_then(|best| self.done.get(best.checked_sub(1)?)),
        }
    }

    fn line(&self, row: &EpochMetrics, best: bool) -> String {
        format!(
            "epoch {:>3}/{}  loss {:.3}  accuracy {:>5.1} %  validation {:>5.1} %  {:>5.0} images/s{}",
            row.epoch,
            self.epochs,
            row.train_loss,
            100.0 * row.train_accuracy,
            100.0 * row.validation_accuracy,
            row.images_per_second,
            if best { "  best so far" } else { "" }
        )
    }

    fn message(&self) -> String {
        let (loss, accuracy) = self.now;
        format!(
            "epoch {}/{}  loss {loss:.3}  accuracy {:.1} %  {:.0} images/s  {} left",
            self.epoch,
            self.epochs,
            100.0 * accuracy,
            self.images_per_second(),
            duration(self.left())
        )
    }

    /// Speed since the start, validation included.
    fn images_per_second(&self) -> f64 {
        let images = (self.images - self.skipped) as f64;
        images / self.start.elapsed().as_secs_f64().max(1e-9)
    }

    /// Time for the remaining images at the current speed, validation included.
    fn left(&self) -> Duration {
        let left = (self.epochs * self.images_per_epoch).saturating_sub(self.images);
        let done = (self.images - self.skipped).max(1);
        self.start.elapsed().mul_f64(left as f64 / done as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::improving;

    #[test]
    fn the_time_left_follows_the_images() {
        let mut progress = Progress::hidden();
        progress.start(&[], None, 2, 80);
        progress.start -= Duration::from_secs(30);
        for _ in 0..15 {
            progress.images(8, 1.0, 0.5);
        }
        assert_eq!(progress.left().as_secs(), 10, "40 of 160 images remain");
        progress.start(&improving(1), Some(1), 3, 80);
        progress.start -= Duration::from_secs(30);
        progress.images(40, 1.0, 0.5);
        assert_eq!(progress.left().as_secs(), 90, "120 of 160 images remain of a resumed run");
    }
}
