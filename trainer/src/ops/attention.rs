//! Softmax attention and its gradient, image by image and head by head.

use super::elementary::{dot, exp_of_negative, maximum, sum};
use super::fused::Fused;
use super::kernels::matmul::{Matrix, Output, multiply};
use super::kernels::vectorised::vectorised;
use super::parallel;
use runtime::fixed::{Octaves, exp2_neg};

/// Octaves of one unit of a score, with the fraction bits that integers keep.
pub(super) const OCTAVES: f64 = std::f64::consts::LOG2_E * 2048.0;
/// What the multiplier of a score's distance has beyond those.
const MULTIPLIER: f64 = 131_072.0;
/// What the integer kernels divide by the sum of a row's exponentials.
pub(super) const RECIPROCAL: f32 = 2_147_483_648.0;

/// `softmax(Q·Kᵀ/√head_dim)·V`; inputs are query, key, value `[batch, tokens, heads · head_dim]`.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    pub(super) tokens: usize,
    pub(super) heads: usize,
    pub(super) head_dim: usize,
    pub(super) exponentials: Exponentials,
}

/// How the exponentials of softmax are kept until they are divided by their sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exponentials {
    /// As they are.
    Exact,
    /// In 255 steps of the largest one of a row, as the integer kernels approximate them, and with
    /// their reciprocal of the sum; gradients pass straight through.
    EightBits {
        /// One step of the product of a query and a key; positive.
        step: f32,
    },
}

/// From scores to the exponentials that integers keep.
#[derive(Clone, Copy, Debug)]
struct Stored {
    /// Steps of one unit of a score.
    steps: f32,
    octaves: Octaves,
}

impl Fused<3> for Attention {
    fn forward(&self, [query, key, value]: [&[f32]; 3]) -> Vec<f32> {
        let image_len = self.image_len();
        parallel::fill(query.len(), query.len() / image_len, |first, out| {
            let mut probs = vec![0.0; self.tokens * self.tokens];
            for (image, out) in out.chunks_exact_mut(image_len).enumerate() {
                let at = (first + image) * image_len;
                for head in (0..self.width()).step_by(self.head_dim) {
                    let [query, key, value] =
                        [query, key, value].map(|values| self.head(values, at + head));
                    self.attend(query, key, &mut probs);
                    let probs = Matrix::new(&probs, self.tokens, self.tokens);
                    let out = &mut out[head..];
                    multiply(probs, value, 1.0, out, self.width(), Output::Replace);
                }
            }
        })
    }

    fn backward(&self, inputs: [&[f32]; 3], grad: &[f32], _wanted: [bool; 3]) -> [Vec<f32>; 3] {
        let image_len = self.image_len();
        parallel::fill_each(
            grad.len(),
            grad.len() / image_len,
            |first, mut outs: [&mut [f32]; 3]| {
                let mut scratch = vec![0.0; 2 * self.tokens * self.tokens];
                for image in 0..outs[0].len() / image_len {
                    let at = (first + image) * image_len;
                    for head in (0..self.width()).step_by(self.head_dim) {
                        let heads = inputs.map(|values| self.head(values, at + head));
                        let outs = outs.each_mut().map(|out| &mut out[image * image_len + head..]);
                        self.head_backward(heads, self.head(grad, at + head), outs, &mut scratch);
                    }
                }
            },
        )
    }
}

impl Attention {
    fn width(&self) -> usize {
        self.heads * self.head_dim
    }

    fn image_len(&self) -> usize {
        self.tokens * self.width()
    }

    fn head<'a>(&self, values: &'a [f32], at: usize) -> Matrix<'a> {
        Matrix::strided(&values[at..], self.tokens, self.head_dim, self.width())
    }

    fn scale(&self) -> f32 {
        (self.head_dim as f32).sqrt().recip()
    }

    /// The multiplier is that of the exporter's `AttentionRecord`.
    fn stored(&self) -> Option<Stored> {
        let Exponentials::EightBits { step } = self.exponentials else { return None };
        let step = step * self.scale();
        let mult = (f64::from(step) * OCTAVES * MULTIPLIER).round();
        let mult = mult.clamp(1.0, f64::from(Octaves::MAX_MULT)) as u32;
        Octaves::new(mult).map(|octaves| Stored { steps: step.recip(), octaves })
    }

    /// Writes the attention of every query to every key, `[tokens, tokens]`.
    fn attend(&self, query: Matrix<'_>, key: Matrix<'_>, probs: &mut [f32]) {
        let tokens = self.tokens;
        multiply(query, key.transposed(), self.scale(), probs, tokens, Output::Replace);
        match self.stored() {
            None => softmax(probs, tokens),
            Some(stored) => stored_softmax(probs, tokens, stored),
        }
    }

    /// Writes the gradients of one head into the columns that `outs` start with, `[tokens, width]`.
    fn head_backward(
        &self,
        [query, key, value]: [Matrix<'_>; 3],
        grad: Matrix<'_>,
        [query_out, key_out, value_out]: [&mut [f32]; 3],
        scratch: &mut [f32],
    ) {
        let (tokens, width) = (self.tokens, self.width());
        let (probs, scores) = scratch.split_at_mut(tokens * tokens);
        self.attend(query, key, probs);
        multiply(grad, value.transposed(), 1.0, scores, tokens, Output::Replace);
        softmax_gradient(probs, tokens, scores);
        let probs = Matrix::new(probs, tokens, tokens);
        let scores = Matrix::new(scores, tokens, tokens);
        let scale = self.scale();
        multiply(scores, key, scale, query_out, width, Output::Replace);
        multiply(scores.transposed(), query, scale, key_out, width, Output::Replace);
        multiply(probs.transposed(), grad, 1.0, value_out, width, Output::Replace);
    }
}

vectorised! {
    /// Turns each row of scores into probabilities.
    fn softmax(scores: &mut [f32], len: usize) {
        for row in scores.chunks_exact_mut(len) {
            let largest = maximum(row);
            for value in row.iter_mut() {
                *value = exp_of_negative(*value - largest);
            }
            let normaliser = sum(row).recip();
            for value in row.iter_mut() {
                *value *= normaliser;
            }
        }
    }

    /// Turns each row of scores into the probabilities of the integer kernels.
    fn stored_softmax(scores: &mut [f32], len: usize, stored: Stored) {
        for row in scores.chunks_exact_mut(len) {
            let largest = maximum(row);
            for value in row.iter_mut() {
                let distance = ((largest - *value) * stored.steps + 0.5) as u32;
                *value = f32::from(exp2_neg(stored.octaves.apply(distance)));
            }
            // The sum is exact, and the reciprocal is below 2²⁴.
            let normaliser = (RECIPROCAL / sum(row)).floor() / RECIPROCAL;
            for value in row.iter_mut() {
                *value *= normaliser;
            }
        }
    }

    /// Turns each row of gradients of probabilities into gradients of scores.
    fn softmax_gradient(probs: &[f32], len: usize, grad: &mut [f32]) {
        for (grad, probs) in grad.chunks_exact_mut(len).zip(probs.chunks_exact(len)) {
            let mean = dot(grad, probs);
            for (grad, prob) in grad.iter_mut().zip(probs) {
                *grad = (*grad - mean) * prob;
            }
        }
    }
}
