//! The MLP branch of a block and the sum with its input, image by image.

use crate::depthwise::{Depthwise3x3, Filter};
use crate::fused::Fused;
use crate::gelu;
use crate::kernels::matrix::Output;
use crate::kernels::vectorised::vectorised;
use crate::layer_norm::{NormRows, add_gradients, normalise};
use crate::linear::Layer;
use crate::parallel;
use crate::residual::{Factors, group};
use crate::scratch::with_scratch;

/// `x + factor·linear2(gelu(h + depthwise(h)))` with `h = linear1(norm(x))`; inputs are x `[batch, tokens,
/// channels]`, gamma, beta, and weight and bias of the first layer, of the second layer and of the
/// depthwise convolution. Without a depthwise convolution, its two inputs are not read.
///
/// The output of the first layer is kept, because computing it again takes longer than reading it.
#[derive(Clone, Debug)]
pub(super) struct MlpBranch {
    pub(super) tokens: usize,
    pub(super) norm: NormRows,
    pub(super) depthwise: Option<Depthwise3x3>,
    /// Whether GELU follows the second layer too.
    pub(super) second_gelu: bool,
    pub(super) factors: Factors,
}

/// Some of the images, and the other inputs.
struct Group<'a> {
    first: usize,
    x: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    layers: &'a [Layer<'a>; 2],
    filter: Option<&'a Filter>,
    filter_bias: &'a [f32],
}

impl Fused<9> for MlpBranch {
    fn forward(&self, inputs: [&[f32]; 9]) -> Vec<f32> {
        let (x_len, hidden_len) = (self.x_len(), self.hidden_len(&inputs));
        let (layers, filter) = (layers(&inputs), self.filter(&inputs));
        let ([out], _) = parallel::fill_groups(
            inputs[0].len() / x_len,
            [x_len],
            group(hidden_len / 2),
            0,
            |first, count, [out], _| {
                let group = self.group(&inputs, &layers, filter.as_ref(), first, count);
                let hidden_len = count * hidden_len;
                with_scratch(
                    [hidden_len, out.len(), hidden_len, hidden_len],
                    |[hidden, normed, summed, active]| {
                        self.forward_group(&group, [out, hidden, normed, summed, active]);
                    },
                );
            },
        );
        out
    }

    fn forward_keeping(&self, inputs: [&[f32]; 9]) -> (Vec<f32>, Vec<f32>) {
        let (x_len, hidden_len) = (self.x_len(), self.hidden_len(&inputs));
        let (layers, filter) = (layers(&inputs), self.filter(&inputs));
        let ([out, kept], _) = parallel::fill_groups(
            inputs[0].len() / x_len,
            [x_len, hidden_len],
            group(hidden_len / 2),
            0,
            |first, count, [out, hidden], _| {
                let group = self.group(&inputs, &layers, filter.as_ref(), first, count);
                with_scratch(
                    [out.len(), hidden.len(), hidden.len()],
                    |[normed, summed, active]| {
                        self.forward_group(&group, [out, hidden, normed, summed, active]);
                    },
                );
            },
        );
        (out, kept)
    }

    fn backward(
        &self,
        inputs: [&[f32]; 9],
        kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 9],
    ) -> [Vec<f32>; 9] {
        let (x_len, hidden_len) = (self.x_len(), self.hidden_len(&inputs));
        let (layers, filter) = (layers(&inputs), self.filter(&inputs));
        let lens = inputs.map(<[f32]>::len);
        let filter_sums = self.depthwise.as_ref().map_or(0, Depthwise3x3::sums_len);
        let sums = lens[1..7].iter().sum::<usize>() + filter_sums;
        let ([x_grad], mut sums) = parallel::fill_groups(
            inputs[0].len() / x_len,
            [x_len],
            group(hidden_len / 2),
            sums,
            |first, count, [out], sums| {
                let group = self.group(&inputs, &layers, filter.as_ref(), first, count);
                let hidden = &kept[first * hidden_len..][..count * hidden_len];
                let grad = &grad[first * x_len..][..out.len()];
                self.backward_group(&group, hidden, grad, out, sums);
            },
        );
        let mut take = |len| {
            let later = sums.split_off(len);
            std::mem::replace(&mut sums, later)
        };
        let [gamma, beta, weight1, bias1, weight2, bias2] =
            [1, 2, 3, 4, 5, 6].map(|at| take(lens[at]));
        let [filter, filter_bias] = match &self.depthwise {
            Some(depthwise) => depthwise.gradients(sums),
            None => Default::default(),
        };
        [x_grad, gamma, beta, weight1, bias1, weight2, bias2, filter, filter_bias]
    }
}

impl MlpBranch {
    /// Number of values of the residual stream for one image.
    const fn x_len(&self) -> usize {
        self.tokens * self.norm.channels
    }

    /// Number of values between the two layers for one image.
    const fn hidden_len(&self, inputs: &[&[f32]; 9]) -> usize {
        self.tokens * inputs[4].len()
    }

    fn filter(&self, inputs: &[&[f32]; 9]) -> Option<Filter> {
        self.depthwise.as_ref().map(|depthwise| depthwise.filter(inputs[7]))
    }

    fn group<'a>(
        &self,
        inputs: &[&'a [f32]; 9],
        layers: &'a [Layer<'a>; 2],
        filter: Option<&'a Filter>,
        first: usize,
        count: usize,
    ) -> Group<'a> {
        let [x, gamma, beta, .., filter_bias] = *inputs;
        Group {
            first,
            x: &x[first * self.x_len()..][..count * self.x_len()],
            gamma,
            beta,
            layers,
            filter,
            filter_bias,
        }
    }

    /// Writes output and hidden values of a group; the other buffers are scratch memory.
    fn forward_group(
        &self,
        group: &Group<'_>,
        [out, hidden, normed, summed, active]: [&mut [f32]; 5],
    ) {
        let [layer1, layer2] = group.layers;
        normalise(self.norm, group.x, group.gamma, group.beta, normed);
        layer1.forward(normed, hidden);
        gelu::values(self.convolved(group, hidden, summed), active);
        layer2.forward(active, out);
        if self.second_gelu {
            let linear = &mut normed[..];
            linear.copy_from_slice(out);
            gelu::values(linear, out);
        }
        self.factors.join(group.first, group.x, self.x_len(), out);
    }

    /// Adds the gradients of a group: the gradient of x to `out`, the gradients of the other inputs, one
    /// after the other, to `sums`.
    fn backward_group(
        &self,
        group: &Group<'_>,
        hidden: &[f32],
        grad: &[f32],
        out: &mut [f32],
        sums: &mut [f32],
    ) {
        let [layer1, layer2] = group.layers;
        let (norm_sums, sums) = sums.split_at_mut(2 * self.norm.channels);
        let (sums1, sums) = sums.split_at_mut(layer1.len());
        let (sums2, filter_sums) = sums.split_at_mut(layer2.len());
        let lens = [out.len(), out.len(), hidden.len(), hidden.len()];
        with_scratch(lens, |[normed, branch, summed, active]| {
            if group.filter.is_some() {
                self.convolved(group, hidden, summed);
            } else {
                summed.copy_from_slice(hidden);
            }
            gelu::values_and_slopes(summed, active);
            if self.second_gelu {
                layer2.forward(active, out);
                self.factors.branch(group.first, grad, self.x_len(), normed);
                gelu::gradients(out, normed, branch);
            } else {
                self.factors.branch(group.first, grad, self.x_len(), branch);
            }
            layer2.add_gradients(active, branch, sums2);
            let hidden_grad = active;
            layer2.input_gradient(branch, hidden_grad, Output::Replace);
            multiply(summed, hidden_grad);
            let hidden_grad = match (group.filter, &self.depthwise) {
                (Some(filter), Some(depthwise)) => {
                    summed.copy_from_slice(hidden_grad);
                    for at in (0..hidden.len()).step_by(depthwise.image_len()) {
                        let grad = &hidden_grad[at..][..depthwise.image_len()];
                        filter.add_backward(&hidden[at..], grad, &mut summed[at..], filter_sums);
                    }
                    summed
                }
                _ => hidden_grad,
            };
            normalise(self.norm, group.x, group.gamma, group.beta, normed);
            layer1.add_gradients(normed, hidden_grad, sums1);
            layer1.input_gradient(hidden_grad, branch, Output::Replace);
            out.copy_from_slice(grad);
            add_gradients(self.norm, group.x, group.gamma, branch, out, norm_sums);
        });
    }

    /// `h + depthwise(h)`, written to `summed`, or `h` itself if there is no convolution.
    fn convolved<'a>(
        &self,
        group: &Group<'_>,
        hidden: &'a [f32],
        summed: &'a mut [f32],
    ) -> &'a [f32] {
        let Some((filter, depthwise)) = group.filter.zip(self.depthwise.as_ref()) else {
            return hidden;
        };
        add_to_rows(hidden, group.filter_bias, summed);
        let len = depthwise.image_len();
        for (hidden, summed) in hidden.chunks_exact(len).zip(summed.chunks_exact_mut(len)) {
            filter.add_forward(hidden, summed);
        }
        summed
    }
}

fn layers<'a>(inputs: &[&'a [f32]; 9]) -> [Layer<'a>; 2] {
    [3, 5].map(|at| Layer::new(inputs[at], inputs[at + 1]))
}

vectorised! {
    /// `x + row` for each row.
    fn add_to_rows(x: &[f32], row: &[f32], out: &mut [f32]) {
        for (out, x) in out.chunks_exact_mut(row.len()).zip(x.chunks_exact(row.len())) {
            for ((out, x), row) in out.iter_mut().zip(x).zip(row) {
                *out = x + row;
            }
        }
    }

    fn multiply(factor: &[f32], values: &mut [f32]) {
        for (value, factor) in values.iter_mut().zip(factor) {
            *value *= factor;
        }
    }
}
