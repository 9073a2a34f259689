//! One picture: its classes with bars, memory and time.

use crate::many::{CLASSES, size};
use anyhow::{Result, anyhow};
use blob_file::{class_name, share};
use pictures::{centre, shown_path};
use runtime::{Model, Ranked};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Characters in the bar of a class with probability 1.
const BAR: f64 = 40.0;
/// Runs before the clock is started.
const WARM_UP: u32 = 3;
/// Runs are timed for this long, but at least [`LEAST_RUNS`] runs.
const MEASURED: Duration = Duration::from_millis(500);
/// Smallest number of timed runs.
const LEAST_RUNS: u32 = 3;

/// The classes of one picture, and the memory and the time of its run.
pub(super) struct Report<'r, 'm> {
    blob: &'r Path,
    image: &'r Path,
    model: &'r Model<'m>,
    ranked: Vec<Ranked>,
    /// Width and height of the picture as it was read.
    picture: (u32, u32),
    blob_bytes: usize,
    runs: u32,
    fastest: Duration,
}

impl<'r, 'm> Report<'r, 'm> {
    /// Runs the network on a picture, often enough to time it.
    pub(super) fn make(
        blob: &'r Path,
        image: &'r Path,
        model: &'r Model<'m>,
        blob_bytes: usize,
    ) -> Result<Self> {
        let picture =
            pictures::read(image).map_err(|fault| anyhow!("{} {fault}", shown_path(image)))?;
        let input = centre(&picture, size(model));
        let mut arena = vec![0; model.arena_len()];
        let (runs, fastest) = measure(model, &input, &mut arena)?;
        let ranked = model.run(&input, &mut arena)?.top_k::<CLASSES>().to_vec();
        let picture = picture.dimensions();
        Ok(Self { blob, image, model, ranked, picture, blob_bytes, runs, fastest })
    }

    pub(super) fn text(&self) -> Result<String> {
        let names: Vec<String> =
            self.ranked.iter().map(|ranked| class_name(self.model, ranked)).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, ranked) in names.iter().zip(&self.ranked) {
            let share = share(ranked);
            let bar = "█".repeat((share * BAR).round() as usize);
            writeln!(
                text,
                "{}",
                format!("{name:<width$} {:6.2} %  {bar}", 100.0 * share).trim_end()
            )?;
        }
        let input = self.model.config().image();
        writeln!(
            text,
            "\npicture  {} x {}, its centre resized to {} x {}",
            self.picture.0, self.picture.1, input.width, input.height
        )?;
        writeln!(
            text,
            "memory   blob {} bytes, arena {} bytes",
            self.blob_bytes,
            self.model.arena_len()
        )?;
        writeln!(
            text,
            "time     {:.3} ms for the forward pass, the fastest of {} after {WARM_UP} to warm up, \
             one thread, {} kernels{}",
            self.milliseconds(),
            self.runs,
            self.model.kernels().name,
            if cfg!(debug_assertions) { "; a debug build, use --release" } else { "" }
        )?;
        Ok(text)
    }

    pub(super) fn json(&self) -> Result<String> {
        let classes: Vec<_> = self
            .ranked
            .iter()
            .map(|ranked| {
                serde_json::json!({
                    "class": ranked.class,
                    "name": class_name(self.model, ranked),
                    "probability": share(ranked),
                    "logit": ranked.logit,
                })
            })
            .collect();
        let report = serde_json::json!({
            "model": self.blob.to_string_lossy(),
            "image": self.image.to_string_lossy(),
            "classes": classes,
            "blob_bytes": self.blob_bytes,
            "arena_bytes": self.model.arena_len(),
            "forward_milliseconds": (self.milliseconds() * 1000.0).round() / 1000.0,
            "timed_runs": self.runs,
            "kernels": self.model.kernels().name,
            "optimised": !cfg!(debug_assertions),
        });
        Ok(format!("{report:#}\n"))
    }

    fn milliseconds(&self) -> f64 {
        self.fastest.as_secs_f64() * 1000.0
    }
}

/// Number of timed runs and the fastest one.
fn measure(model: &Model<'_>, input: &[u8], arena: &mut [u8]) -> Result<(u32, Duration)> {
    for _ in 0..WARM_UP {
        std::hint::black_box(model.run(input, arena)?);
    }
    let (begin, mut runs, mut fastest) = (Instant::now(), 0, Duration::MAX);
    while runs < LEAST_RUNS || begin.elapsed() < MEASURED {
        let start = Instant::now();
        std::hint::black_box(model.run(std::hint::black_box(input), arena)?);
        fastest = fastest.min(start.elapsed());
        runs += 1;
    }
    Ok((runs, fastest))
}
