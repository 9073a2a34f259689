//! The learning rate of every step: a linear warm-up, then half a cosine down to 0.

use std::f64::consts::PI;

/// Learning rates of a run.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    peak: f64,
    warmup: usize,
    steps: usize,
}

impl Schedule {
    /// A run of `steps` steps that reaches `peak` after the share `warmup` of them.
    pub fn new(peak: f64, warmup: f64, steps: usize) -> Self {
        Self { peak, warmup: (warmup * steps as f64).round() as usize, steps }
    }

    /// The rate of a step, counted from 0. Never 0 within the run: no step is wasted.
    pub fn rate(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.peak * (step + 1) as f64 / self.warmup as f64;
        }
        let after = (step - self.warmup) as f64;
        let rest = (self.steps - self.warmup).max(1) as f64;
        self.peak * 0.5 * (1.0 + (PI * (after / rest).min(1.0)).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_to_the_peak_and_falls_to_zero() {
        let schedule = Schedule::new(0.4, 0.25, 40);
        assert_eq!(schedule.rate(0), 0.04, "first step");
        assert_eq!(schedule.rate(9), 0.4, "last step of the warm-up");
        assert_eq!(schedule.rate(10), 0.4, "start of the cosine");
        assert!((schedule.rate(25) - 0.2).abs() < 1e-12, "half-way down");
        assert!(schedule.rate(39) > 0.0 && schedule.rate(39) < 0.002, "last step");
        assert!(schedule.rate(40).abs() < 1e-12, "after the end");
    }

    #[test]
    fn runs_without_a_warm_up_or_without_anything_else() {
        assert_eq!(Schedule::new(0.4, 0.0, 10).rate(0), 0.4, "no warm-up");
        assert_eq!(Schedule::new(0.4, 1.0, 10).rate(9), 0.4, "nothing but warm-up");
        assert_eq!(Schedule::new(0.4, 0.1, 1).rate(0), 0.4, "a single step");
    }
}
