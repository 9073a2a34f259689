//! Learning-rate schedules.

use std::f64::consts::PI;

use serde::Serialize;

/// How the learning rate changes from step to step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// A linear warm-up, then half a cosine down to 0.
    Cosine {
        /// Share of the warm-up in all steps, 0 to 1.
        warmup: f64,
    },
    /// The largest rate divided by `1 + decay · step`, the `decay` of Keras's optimisers.
    InverseTime {
        /// At least 0.
        decay: f64,
    },
}

/// Learning rates of a run.
#[derive(Clone, Copy, Debug)]
pub struct LearningRates {
    peak: f64,
    schedule: Schedule,
    steps: usize,
}

impl LearningRates {
    /// A run of `steps` steps whose largest rate is `peak`.
    pub fn new(peak: f64, schedule: Schedule, steps: usize) -> Self {
        Self { peak, schedule, steps }
    }

    /// The rate of a step, counted from 0. It is never 0 within the run, so that every step trains.
    pub fn rate(&self, step: usize) -> f64 {
        match self.schedule {
            Schedule::Cosine { warmup } => self.peak * self.cosine(warmup, step),
            Schedule::InverseTime { decay } => self.peak / (1.0 + decay * step as f64),
        }
    }

    fn cosine(&self, warmup: f64, step: usize) -> f64 {
        let warmup = (warmup * self.steps as f64).round() as usize;
        if step < warmup {
            return (step + 1) as f64 / warmup as f64;
        }
        let after = (step - warmup) as f64;
        let rest = (self.steps - warmup).max(1) as f64;
        0.5 * (1.0 + (PI * (after / rest).min(1.0)).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(warmup: f64, steps: usize) -> LearningRates {
        LearningRates::new(0.4, Schedule::Cosine { warmup }, steps)
    }

    #[test]
    fn it_rises_to_the_peak_and_falls_to_zero() {
        let schedule = cosine(0.25, 40);
        assert!((schedule.rate(0) - 0.04).abs() < 1e-12, "first step");
        assert_eq!(schedule.rate(9), 0.4, "last step of the warm-up");
        assert_eq!(schedule.rate(10), 0.4, "start of the cosine");
        assert!((schedule.rate(25) - 0.2).abs() < 1e-12, "half-way down");
        assert!(schedule.rate(39) > 0.0 && schedule.rate(39) < 0.002, "last step");
        assert!(schedule.rate(40).abs() < 1e-12, "after the end");
    }

    #[test]
    fn runs_without_a_warm_up_or_without_anything_else() {
        assert_eq!(cosine(0.0, 10).rate(0), 0.4, "no warm-up");
        assert_eq!(cosine(1.0, 10).rate(9), 0.4, "nothing but warm-up");
        assert_eq!(cosine(0.1, 1).rate(0), 0.4, "a single step");
    }

    #[test]
    fn inverse_time_divides_by_the_steps_done() {
        let schedule = LearningRates::new(2e-4, Schedule::InverseTime { decay: 0.1 }, 180);
        assert_eq!(schedule.rate(0), 2e-4, "first step");
        assert_eq!(schedule.rate(10), 1e-4, "halved after ten steps");
        assert!((schedule.rate(179) - 2e-4 / 18.9).abs() < 1e-12, "last step");
    }
}
