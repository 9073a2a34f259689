//! The live view of a run: a bar on a terminal, lines elsewhere, or JSON for programs.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::metrics::EpochMetrics;

/// Time between two lines within an epoch where there is no terminal.
const LINE_PERIOD: Duration = Duration::from_secs(30);

/// Shows how far a run is, how well it does, and when it will end.
#[derive(Debug)]
pub struct Progress {
    view: View,
    epochs: usize,
    epoch: usize,
    images_per_epoch: usize,
    images: usize,
    skipped: usize,
    start: Instant,
}

#[derive(Debug)]
enum View {
    Bar(ProgressBar),
    Lines { last: Instant },
    Json,
    Nothing,
}

impl Progress {
    /// A bar where standard error is a terminal, lines where it is a file or a pipe.
    pub fn visible() -> Self {
        if stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {msg}") {
                bar.set_style(style);
            }
            Self::with(View::Bar(bar))
        } else {
            Self::with(View::Lines { last: Instant::now() })
        }
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
        Self { view, epochs: 0, epoch: 1, images_per_epoch: 0, images: 0, skipped: 0, start }
    }

    /// A run begins, or goes on after the first `done` of its epochs.
    pub(crate) fn start(&mut self, done: usize, epochs: usize, images_per_epoch: usize) {
        self.start = Instant::now();
        (self.epochs, self.epoch) = (epochs, done + 1);
        self.skipped = done * images_per_epoch;
        (self.images_per_epoch, self.images) = (images_per_epoch, self.skipped);
        if let View::Bar(bar) = &self.view {
            bar.set_length((epochs * images_per_epoch) as u64);
        }
    }

    /// So many images more are done; loss and accuracy are those of the epoch so far.
    pub(crate) fn images(&mut self, images: usize, loss: f64, accuracy: f64) {
        self.images += images;
        let due = match &self.view {
            View::Bar(_) => true,
            View::Lines { last } => last.elapsed() >= LINE_PERIOD,
            View::Json | View::Nothing => false,
        };
        if !due {
            return;
        }
        let message = self.message(loss, accuracy);
        match &mut self.view {
            View::Bar(bar) => {
                bar.set_position(self.images as u64);
                bar.set_message(message);
            }
            View::Lines { last } => {
                *last = Instant::now();
                eprintln!("{message}");
            }
            View::Json | View::Nothing => {}
        }
    }

    /// An epoch is done and validated.
    pub(crate) fn epoch(&mut self, row: &EpochMetrics, best: bool) {
        self.epoch = row.epoch + 1;
        let line = format!(
            "epoch {:>3}/{}  loss {:.3}  accuracy {:>5.1} %  validation {:>5.1} %  {:>5.0} images/s{}",
            row.epoch,
            self.epochs,
            row.train_loss,
            100.0 * row.train_accuracy,
            100.0 * row.validation_accuracy,
            row.images_per_second,
            if best { "  best so far" } else { "" }
        );
        match &mut self.view {
            View::Bar(bar) => bar.println(line),
            View::Lines { last } => {
                *last = Instant::now();
                eprintln!("{line}  {} left", duration(self.left()));
            }
            View::Json => println!("{}", serde_json::json!(row)),
            View::Nothing => {}
        }
    }

    /// The run is over.
    pub(crate) fn finish(&self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }

    fn message(&self, loss: f64, accuracy: f64) -> String {
        let images = (self.images - self.skipped) as f64;
        format!(
            "epoch {}/{}  loss {loss:.3}  accuracy {:.1} %  {:.0} images/s  {} left",
            self.epoch,
            self.epochs,
            100.0 * accuracy,
            images / self.start.elapsed().as_secs_f64().max(1e-9),
            duration(self.left())
        )
    }

    /// Time that the remaining images take at the speed of those done, validation included.
    fn left(&self) -> Duration {
        let left = (self.epochs * self.images_per_epoch).saturating_sub(self.images);
        let done = (self.images - self.skipped).max(1);
        self.start.elapsed().mul_f64(left as f64 / done as f64)
    }
}

/// `7 s`, `3 min 05 s` or `2 h 10 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_two_units() {
        let text = |seconds| duration(Duration::from_secs_f64(seconds));
        assert_eq!(text(0.4), "0 s", "below a second");
        assert_eq!(text(59.6), "1 min 00 s", "rounded up to a minute");
        assert_eq!(text(185.0), "3 min 05 s", "minutes");
        assert_eq!(text(7800.0), "2 h 10 min", "hours");
    }

    #[test]
    fn the_time_left_follows_the_images() {
        let mut progress = Progress::hidden();
        progress.start(0, 2, 80);
        progress.start -= Duration::from_secs(30);
        for _ in 0..15 {
            progress.images(8, 1.0, 0.5);
        }
        assert_eq!(progress.left().as_secs(), 10, "40 of 160 images remain");
        progress.start(1, 3, 80);
        progress.start -= Duration::from_secs(30);
        progress.images(40, 1.0, 0.5);
        assert_eq!(progress.left().as_secs(), 90, "120 of 160 images remain of a resumed run");
    }
}
