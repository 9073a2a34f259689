//! Linear layers and their gradients.

use super::fused::Fused;
use super::kernels::matmul::{Matrix, Output, multiply, multiply_parallel};
use super::kernels::vectorised::vectorised;
use super::parallel;

/// Weights up to which each part of the batch sums a gradient of its own. Beyond it those sums
/// would outweigh the values, and one product is split over its outputs instead.
const MAX_SUMMED_WEIGHTS: usize = 1 << 16;

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
        parallel::fill(rows * outputs, rows, |first, out| {
            spread(bias, out);
            let x = Matrix::new(&x[first * inputs..], out.len() / outputs, inputs);
            multiply(x, Matrix::new(weight, inputs, outputs), 1.0, out, outputs, Output::Add);
        })
    }

    fn backward(
        &self,
        [x, weight, _]: [&[f32]; 3],
        grad: &[f32],
        wanted: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let Self { inputs, outputs } = *self;
        let rows = x.len() / inputs;
        let mut x_grad = Vec::new();
        let transposed = Matrix::new(weight, inputs, outputs).transposed();
        if weight.len() > MAX_SUMMED_WEIGHTS {
            let grads = Matrix::new(grad, rows, outputs);
            if wanted[0] {
                x_grad = vec![0.0; x.len()];
                multiply_parallel(grads, transposed, &mut x_grad, Output::Replace);
            }
            let mut weight_grad = vec![0.0; weight.len()];
            let x = Matrix::new(x, rows, inputs).transposed();
            multiply_parallel(x, grads, &mut weight_grad, Output::Replace);
            let bias_grad = parallel::sum(rows, |first, count| {
                sum_rows(&grad[first * outputs..][..count * outputs], outputs)
            });
            return [x_grad, weight_grad, bias_grad];
        }
        if wanted[0] {
            x_grad = parallel::fill(x.len(), rows, |first, out| {
                let grads = Matrix::new(&grad[first * outputs..], out.len() / inputs, outputs);
                multiply(grads, transposed, 1.0, out, inputs, Output::Replace);
            });
        }
        let mut weight_grad = parallel::sum(rows, |first, count| {
            let grads = &grad[first * outputs..][..count * outputs];
            let mut sums = vec![0.0; weight.len()];
            let x = Matrix::new(&x[first * inputs..], count, inputs).transposed();
            let product = Matrix::new(grads, count, outputs);
            multiply(x, product, 1.0, &mut sums, outputs, Output::Replace);
            sums.extend(sum_rows(grads, outputs));
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
    fn sum_rows(rows: &[f32], len: usize) -> Vec<f32> {
        let mut sums = vec![0.0; len];
        for row in rows.chunks_exact(len) {
            parallel::add(&mut sums, row);
        }
        sums
    }
}
