//! Softmax attention and its gradient, image by image and head by head.

use crate::elementary::{dot, exp_of_negative, maximum, sum};
use crate::fused::Fused;
use crate::kernels::matmul::multiply;
use crate::kernels::matrix::{Matrix, Output};
use crate::kernels::vectorised::vectorised;
use crate::parallel;
use crate::scratch::with_scratch;
use runtime::fixed::{Octaves, exp2_neg};

/// Octaves (factors of 2) of the exponential per unit of a score, with 11 fraction bits as in the integer
/// kernels.
pub(super) const OCTAVES: f64 = std::f64::consts::LOG2_E * 2048.0;
/// The multiplier from the distance of a score to octaves has 17 more fraction bits.
const MULTIPLIER: f64 = 131_072.0;
/// The integer kernels divide this number by the sum of a row's exponentials.
pub(super) const RECIPROCAL: f32 = 2_147_483_648.0;

/// `softmax(Q·Kᵀ/√head_dim)·V`; inputs are query, key, value `[batch, tokens, heads · head_dim]`.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    pub(super) tokens: usize,
    pub(super) heads: usize,
    pub(super) head_dim: usize,
    pub(super) exponentials: Exponentials,
}

/// The precision of the exponentials of softmax before they are divided by their sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exponentials {
    /// Exact.
    Exact,
    /// As in the integer kernels: whole numbers from 0 to 255, where the largest one of a row is 255,
    /// multiplied by the rounded reciprocal of their sum. The gradient ignores the rounding.
    EightBits {
        /// One step of the product of a query and a key; positive.
        step: f32,
    },
}

/// From scores to the exponentials of the integer kernels.
#[derive(Clone, Copy, Debug)]
struct Stored {
    /// Number of steps in one unit of a score.
    steps: f32,
    octaves: Octaves,
}

impl Fused<3> for Attention {
    fn forward(&self, inputs: [&[f32]; 3]) -> Vec<f32> {
        let len = self.image_len();
        parallel::fill(inputs[0].len(), inputs[0].len() / len, |first, out| {
            with_scratch([self.probs_len()], |[probs]| {
                for (image, out) in out.chunks_exact_mut(len).enumerate() {
                    let inputs = inputs.map(|values| &values[(first + image) * len..]);
                    self.forward_image(inputs, probs, out);
                }
            });
        })
    }

    fn backward(
        &self,
        inputs: [&[f32]; 3],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let len = self.image_len();
        parallel::fill_each(grad.len(), grad.len() / len, |first, mut outs: [&mut [f32]; 3]| {
            with_scratch([self.probs_len(); 2], |[probs, scores]| {
                for image in 0..outs[0].len() / len {
                    let at = (first + image) * len;
                    let inputs = inputs.map(|values| &values[at..]);
                    let outs = outs.each_mut().map(|out| &mut out[image * len..]);
                    self.backward_image(inputs, &grad[at..], outs, [&mut *probs, &mut *scores]);
                }
            });
        })
    }
}

impl Attention {
    /// Writes the context of the first image of the slices; `probs` is scratch memory of
    /// [`probs_len`](Self::probs_len).
    pub(super) fn forward_image(&self, inputs: [&[f32]; 3], probs: &mut [f32], out: &mut [f32]) {
        for head in (0..self.width()).step_by(self.head_dim) {
            let [query, key, value] = inputs.map(|values| self.head(&values[head..]));
            self.attend(query, key, probs);
            let probs = Matrix::new(probs, self.tokens, self.tokens);
            multiply(probs, value, 1.0, &mut out[head..], self.width(), Output::Replace);
        }
    }

    /// Writes the gradients of the first image of the slices. The last two slices are scratch memory of
    /// [`probs_len`](Self::probs_len) values.
    pub(super) fn backward_image(
        &self,
        inputs: [&[f32]; 3],
        grad: &[f32],
        outs: [&mut [f32]; 3],
        [probs, scores]: [&mut [f32]; 2],
    ) {
        let (tokens, width, scale) = (self.tokens, self.width(), self.scale());
        let [query_out, key_out, value_out] = outs;
        for at in (0..width).step_by(self.head_dim) {
            let [query, key, value] = inputs.map(|values| self.head(&values[at..]));
            let grad = self.head(&grad[at..]);
            self.attend(query, key, probs);
            multiply(grad, value.transposed(), 1.0, scores, tokens, Output::Replace);
            softmax_gradient(probs, tokens, scores);
            let probs = Matrix::new(probs, tokens, tokens);
            let scores = Matrix::new(scores, tokens, tokens);
            multiply(scores, key, scale, &mut query_out[at..], width, Output::Replace);
            let transposed = scores.transposed();
            multiply(transposed, query, scale, &mut key_out[at..], width, Output::Replace);
            multiply(probs.transposed(), grad, 1.0, &mut value_out[at..], width, Output::Replace);
        }
    }

    /// Number of probabilities of one head.
    pub(super) const fn probs_len(&self) -> usize {
        self.tokens * self.tokens
    }

    pub(super) const fn width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Number of values of one image.
    pub(super) const fn image_len(&self) -> usize {
        self.tokens * self.width()
    }

    fn head<'a>(&self, values: &'a [f32]) -> Matrix<'a> {
        Matrix::strided(values, self.tokens, self.head_dim, self.width())
    }

    fn scale(&self) -> f32 {
        (self.head_dim as f32).sqrt().recip()
    }

    /// The multiplier equals the one in the exporter's `AttentionRecord`.
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
