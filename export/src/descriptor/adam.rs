//! The optimiser for the learned weights of a descriptor.

/// Running means of gradients and of their squares, for learned values.
#[derive(Clone, Debug)]
pub(super) struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

const BETAS: [f64; 2] = [0.9, 0.99];

impl Adam {
    /// An optimiser for a number of values.
    pub(super) fn new(count: usize) -> Self {
        Self { first: vec![0.0; count], second: vec![0.0; count], steps: 0 }
    }

    /// Moves the values against their gradients.
    ///
    /// # Source
    /// Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015.
    pub(super) fn step(&mut self, values: &mut [f64], gradients: &[f64], rate: f64) {
        self.steps += 1;
        let [first, second] = BETAS.map(|beta| 1.0 - beta.powi(self.steps));
        let means = self.first.iter_mut().zip(&mut self.second);
        for ((value, gradient), (mean, square)) in values.iter_mut().zip(gradients).zip(means) {
            *mean += (1.0 - BETAS[0]) * (gradient - *mean);
            *square += (1.0 - BETAS[1]) * (gradient * gradient - *square);
            *value -= rate * (*mean / first) / ((*square / second).sqrt() + 1e-9);
        }
    }
}

/// The learning rate of a step: a short warm-up, then half a cosine down to zero.
pub(super) fn rate(peak: f64, step: usize, steps: usize) -> f64 {
    let rise = (step as f64 / 50.0).min(1.0);
    peak * rise * 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_of_a_bowl_is_found() {
        let (mut at, mut adam) = ([5.0, -3.0], Adam::new(2));
        for step in 0..500 {
            let gradients = [20.0 * (at[0] - 1.0), 0.1 * (at[1] - 2.0)];
            adam.step(&mut at, &gradients, rate(0.2, step, 500));
        }
        assert!((at[0] - 1.0).abs() < 0.01 && (at[1] - 2.0).abs() < 0.01, "{at:?}");
    }
}
