//! The layer of the attributes.

use anyhow::{Result, ensure};
use runtime::config::{Pool, VitConfig};
use runtime::format::MAX_ATTRIBUTES;
use serde::{Deserialize, Serialize};

/// A layer from the pooled tokens of a network to a logit for each attribute. The probability of the attribute
/// is the sigmoid of its logit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// Name of each attribute.
    pub names: Vec<String>,
    /// `[attributes, dim]`.
    pub weights: Vec<f32>,
    /// `[attributes]`.
    pub bias: Vec<f32>,
}

impl Attributes {
    /// Whether the layer fits a network.
    ///
    /// # Errors
    /// If the network has no mean pool or another width, or if names, weights and biases do not belong
    /// together.
    pub fn check(&self, config: &VitConfig) -> Result<()> {
        ensure!(
            config.spec().pool == Pool::Mean,
            "attributes need a network that takes the mean of its tokens"
        );
        let count = self.names.len();
        ensure!(
            (1..=MAX_ATTRIBUTES).contains(&count),
            "{count} attributes, allowed are 1 to {MAX_ATTRIBUTES}"
        );
        let found = (self.weights.len(), self.bias.len());
        let expected = (count * config.dim(), count);
        ensure!(
            found == expected,
            "attributes with {found:?} weights and biases, expected {expected:?}"
        );
        let finite = self.weights.iter().chain(&self.bias).all(|value| value.is_finite());
        ensure!(finite, "an attribute has a weight that is not finite");
        Ok(())
    }

    /// The logits `[images, attributes]` of pooled tokens `[images, dim]`.
    pub fn logits(&self, pooled: &[f32]) -> Vec<f64> {
        let dim = self.weights.len() / self.bias.len().max(1);
        let images = pooled.chunks_exact(dim.max(1));
        let logit = |x: &[f32], (w, bias): (&[f32], &f32)| {
            let products = x.iter().zip(w).map(|(&x, &w)| f64::from(x) * f64::from(w));
            f64::from(*bias) + products.sum::<f64>()
        };
        let rows = || self.weights.chunks_exact(dim.max(1)).zip(&self.bias);
        images.flat_map(|x| rows().map(move |row| logit(x, row))).collect()
    }
}
