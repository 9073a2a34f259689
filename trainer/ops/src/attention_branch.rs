//! The attention branch of a block and the sum with its input, image by image.

use crate::attention::Attention;
use crate::fused::Fused;
use crate::kernels::matrix::Output;
use crate::layer_norm::{NormRows, add_gradients, normalise};
use crate::linear::Layer;
use crate::parallel;
use crate::residual::{Factors, group};
use crate::scratch::with_scratch;

/// `x + factor·output(attention(query(n), key(n), value(n)))` with `n = norm(x)`; inputs are x
/// `[batch, tokens, channels]`, gamma, beta, and weight and bias of query, key, value and output.
///
/// Query, key, value and context are kept, because computing them again takes longer than reading them.
#[derive(Clone, Debug)]
pub(super) struct AttentionBranch {
    pub(super) norm: NormRows,
    pub(super) attention: Attention,
    pub(super) factors: Factors,
}

/// Number of kept tensors of each image, each as long as [`Attention::image_len`].
const KEPT: usize = 4;

impl Fused<11> for AttentionBranch {
    fn forward(&self, inputs: [&[f32]; 11]) -> Vec<f32> {
        let (x_len, kept_len) = (self.x_len(), KEPT * self.attention.image_len());
        let layers = layers(&inputs);
        let ([out], _) = parallel::fill_groups(
            inputs[0].len() / x_len,
            [x_len],
            self.group(),
            0,
            |first, count, [out], _| {
                with_scratch(
                    [count * kept_len, count * x_len, self.attention.probs_len()],
                    |[kept, normed, probs]| {
                        self.forward_group(first, &inputs, &layers, [out, kept, normed, probs]);
                    },
                );
            },
        );
        out
    }

    fn forward_keeping(&self, inputs: [&[f32]; 11]) -> (Vec<f32>, Vec<f32>) {
        let (x_len, kept_len) = (self.x_len(), KEPT * self.attention.image_len());
        let layers = layers(&inputs);
        let ([out, kept], _) = parallel::fill_groups(
            inputs[0].len() / x_len,
            [x_len, kept_len],
            self.group(),
            0,
            |first, count, [out, kept], _| {
                with_scratch([count * x_len, self.attention.probs_len()], |[normed, probs]| {
                    self.forward_group(first, &inputs, &layers, [out, kept, normed, probs]);
                });
            },
        );
        (out, kept)
    }

    fn backward(
        &self,
        inputs: [&[f32]; 11],
        kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 11],
    ) -> [Vec<f32>; 11] {
        let (x_len, layers) = (self.x_len(), layers(&inputs));
        let [x, rest @ ..] = inputs;
        let sums = rest.iter().map(|input| input.len()).sum();
        let ([x_grad], mut sums) = parallel::fill_groups(
            x.len() / x_len,
            [x_len],
            self.group(),
            sums,
            |first, _, [out], sums| {
                self.backward_group(first, &inputs, &layers, kept, grad, [out, sums])
            },
        );
        let grads = rest.map(|input| {
            let later = sums.split_off(input.len());
            std::mem::replace(&mut sums, later)
        });
        let mut next = std::iter::once(x_grad).chain(grads);
        inputs.map(|_| next.next().expect("as many as inputs"))
    }
}

impl AttentionBranch {
    /// Number of values of the residual stream for one image.
    const fn x_len(&self) -> usize {
        self.attention.tokens * self.norm.channels
    }

    fn group(&self) -> usize {
        group(self.x_len().max(self.attention.image_len()))
    }

    /// Writes the branch of as many images as fit into `out`, and the tensors in `kept`. The last two buffers
    /// are scratch memory.
    fn forward_group(
        &self,
        first: usize,
        inputs: &[&[f32]; 11],
        [query, key, value, output]: &[Layer<'_>; 4],
        [out, kept, normed, probs]: [&mut [f32]; 4],
    ) {
        let [x, gamma, beta, ..] = *inputs;
        let (x_len, len) = (self.x_len(), self.attention.image_len());
        let x = &x[first * x_len..][..out.len()];
        normalise(self.norm, x, gamma, beta, normed);
        let (queries, rest) = kept.split_at_mut(kept.len() / KEPT);
        let (keys, rest) = rest.split_at_mut(queries.len());
        let (values, context) = rest.split_at_mut(queries.len());
        query.forward(normed, queries);
        key.forward(normed, keys);
        value.forward(normed, values);
        for (image, context) in context.chunks_exact_mut(len).enumerate() {
            let inputs = [&*queries, keys, values].map(|values| &values[image * len..]);
            self.attention.forward_image(inputs, probs, context);
        }
        output.forward(context, out);
        self.factors.join(first, x, x_len, out);
    }

    /// Adds the gradients of as many images as fit into `out`: the gradient of x to `out`, the gradients of
    /// the other inputs, one after the other, to `sums`.
    fn backward_group(
        &self,
        first: usize,
        inputs: &[&[f32]; 11],
        [query, key, value, output]: &[Layer<'_>; 4],
        kept: &[f32],
        grad: &[f32],
        [out, sums]: [&mut [f32]; 2],
    ) {
        let [x, gamma, beta, ..] = *inputs;
        let (x_len, len) = (self.x_len(), self.attention.image_len());
        let (all, images) = (out.len(), out.len() / x_len);
        let [x, grad] = [x, grad].map(|values| &values[first * x_len..][..all]);
        let kept = &kept[first * KEPT * len..][..images * KEPT * len];
        let [queries, keys, values, context] =
            [0, 1, 2, 3].map(|at| &kept[at * images * len..][..images * len]);
        let (norm_sums, sums) = sums.split_at_mut(2 * self.norm.channels);
        let (query_sums, sums) = sums.split_at_mut(query.len());
        let (key_sums, sums) = sums.split_at_mut(key.len());
        let (value_sums, output_sums) = sums.split_at_mut(value.len());
        let width = images * len;
        let probs = self.attention.probs_len();
        with_scratch(
            [all, all, width, width, width, width, probs, probs],
            |[branch, normed, context_grad, query_grad, key_grad, value_grad, probs, scores]| {
                self.factors.branch(first, grad, x_len, branch);
                output.add_gradients(context, branch, output_sums);
                output.input_gradient(branch, context_grad, Output::Replace);
                for at in (0..width).step_by(len) {
                    let inputs = [queries, keys, values].map(|values| &values[at..]);
                    let outs = [&mut *query_grad, &mut *key_grad, &mut *value_grad];
                    let outs = outs.map(|out| &mut out[at..]);
                    let scratch = [&mut *probs, &mut *scores];
                    self.attention.backward_image(inputs, &context_grad[at..], outs, scratch);
                }
                normalise(self.norm, x, gamma, beta, normed);
                query.add_gradients(normed, query_grad, query_sums);
                key.add_gradients(normed, key_grad, key_sums);
                value.add_gradients(normed, value_grad, value_sums);
                let normed_grad = branch;
                query.input_gradient(query_grad, normed_grad, Output::Replace);
                key.input_gradient(key_grad, normed_grad, Output::Add);
                value.input_gradient(value_grad, normed_grad, Output::Add);
                out.copy_from_slice(grad);
                add_gradients(self.norm, x, gamma, normed_grad, out, norm_sums);
            },
        );
    }
}

fn layers<'a>(inputs: &[&'a [f32]; 11]) -> [Layer<'a>; 4] {
    [3, 5, 7, 9].map(|at| Layer::new(inputs[at], inputs[at + 1]))
}
