//! Linear layers and their gradients.

use crate::fused::Fused;
use crate::kernels::matmul::{Factor, multiply, multiply_parallel};
use crate::kernels::matrix::{Matrix, Output};
use crate::kernels::vectorised::vectorised;
use crate::parallel;

/// Largest weight for which each part of the batch sums a gradient of its own. For larger ones these
/// sums would be larger than the activations, so one product is split over its outputs instead.
const MAX_SUMMED_WEIGHTS: usize = 1 << 16;

/// A weight `[inputs, outputs]` and its bias.
pub(super) struct Layer<'a> {
    weight: Factor<'a>,
    transposed: Factor<'a>,
    bias: &'a [f32],
}

impl<'a> Layer<'a> {
    pub(super) fn new(weight: &'a [f32], bias: &'a [f32]) -> Self {
        let outputs = bias.len();
        let weight = Matrix::new(weight, weight.len() / outputs, outputs);
        let [weight, transposed] = [weight, weight.transposed()].map(Factor::new);
        Self { weight, transposed, bias }
    }

    pub(super) const fn inputs(&self) -> usize {
        self.weight.matrix().rows()
    }

    pub(super) const fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Number of values of weight and bias.
    pub(super) const fn len(&self) -> usize {
        (self.inputs() + 1) * self.outputs()
    }

    /// Writes the output of each row of `x`.
    pub(super) fn forward(&self, x: &[f32], out: &mut [f32]) {
        spread(self.bias, out);
        self.weight.product(rows(x, self.inputs()), out, Output::Add);
    }

    /// Computes the gradient of `x` from the gradient of the output.
    pub(super) fn input_gradient(&self, grad: &[f32], out: &mut [f32], output: Output) {
        self.transposed.product(rows(grad, self.outputs()), out, output);
    }

    /// Adds the gradients of weight and bias to `sums`, one after the other.
    pub(super) fn add_gradients(&self, x: &[f32], grad: &[f32], sums: &mut [f32]) {
        let (weight, bias) = sums.split_at_mut(self.inputs() * self.outputs());
        let x = rows(x, self.inputs()).transposed();
        multiply(x, rows(grad, self.outputs()), 1.0, weight, self.outputs(), Output::Add);
        add_rows(grad, bias);
    }
}

fn rows(values: &[f32], columns: usize) -> Matrix<'_> {
    Matrix::new(values, values.len() / columns, columns)
}

/// `x·W + b` for each row; inputs are x, W `[inputs, outputs]`, b.
#[derive(Clone, Debug)]
pub(super) struct LinearRows {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Fused<3> for LinearRows {
    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Vec<f32> {
        let Self { inputs, outputs } = *self;
        let rows = x.len() / inputs;
        if weight.len() > MAX_SUMMED_WEIGHTS {
            let mut out = vec![0.0; rows * outputs];
            spread(bias, &mut out);
            let (x, weight) = (Matrix::new(x, rows, inputs), Matrix::new(weight, inputs, outputs));
            multiply_parallel(x, weight, &mut out, Output::Add);
            return out;
        }
        let layer = Layer::new(weight, bias);
        parallel::fill(rows * outputs, rows, |first, out| {
            layer.forward(&x[first * inputs..][..out.len() / outputs * inputs], out);
        })
    }

    fn backward(
        &self,
        [x, weight, bias]: [&[f32]; 3],
        _kept: &[f32],
        grad: &[f32],
        wanted: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let Self { inputs, outputs } = *self;
        let rows = x.len() / inputs;
        let mut x_grad = Vec::new();
        if weight.len() > MAX_SUMMED_WEIGHTS {
            let grads = Matrix::new(grad, rows, outputs);
            if wanted[0] {
                x_grad = vec![0.0; x.len()];
                let transposed = Matrix::new(weight, inputs, outputs).transposed();
                multiply_parallel(grads, transposed, &mut x_grad, Output::Replace);
            }
            let mut weight_grad = vec![0.0; weight.len()];
            let x = Matrix::new(x, rows, inputs).transposed();
            multiply_parallel(x, grads, &mut weight_grad, Output::Replace);
            let bias_grad = parallel::sum(rows, |first, count| {
                let mut sums = vec![0.0; outputs];
                add_rows(&grad[first * outputs..][..count * outputs], &mut sums);
                sums
            });
            return [x_grad, weight_grad, bias_grad];
        }
        let layer = Layer::new(weight, bias);
        if wanted[0] {
            x_grad = parallel::fill(x.len(), rows, |first, out| {
                let grads = &grad[first * outputs..][..out.len() / inputs * outputs];
                layer.input_gradient(grads, out, Output::Replace);
            });
        }
        let mut weight_grad = parallel::sum(rows, |first, count| {
            let mut sums = vec![0.0; layer.len()];
            let x = &x[first * inputs..][..count * inputs];
            layer.add_gradients(x, &grad[first * outputs..][..count * outputs], &mut sums);
            sums
        });
        let bias_grad = weight_grad.split_off(weight.len());
        [x_grad, weight_grad, bias_grad]
    }
}

/// Writes `row` to every row of `out`.
fn spread(row: &[f32], out: &mut [f32]) {
    for out in out.chunks_exact_mut(row.len()) {
        out.copy_from_slice(row);
    }
}

vectorised! {
    /// Adds every row to `sums`.
    fn add_rows(rows: &[f32], sums: &mut [f32]) {
        for row in rows.chunks_exact(sums.len()) {
            parallel::add(sums, row);
        }
    }
}
