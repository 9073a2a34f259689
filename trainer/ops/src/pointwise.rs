//! 1×1 convolutions and their gradients.

use crate::fused::Fused;
use crate::kernels::matmul::{Factor, multiply};
use crate::kernels::matrix::{Matrix, Output};
use crate::parallel;

/// Rows that are processed together, so that they stay in the cache for both gradients.
const GROUP: usize = 512;

/// `x·Wᵀ` for each row; inputs are x and W `[outputs, inputs, 1, 1]`.
#[derive(Clone, Debug)]
pub(super) struct Pointwise {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Fused<2> for Pointwise {
    fn forward(&self, [x, weight]: [&[f32]; 2]) -> Vec<f32> {
        let Self { inputs, outputs } = *self;
        let rows = x.len() / inputs;
        let weight = Factor::new(Matrix::new(weight, outputs, inputs).transposed());
        parallel::fill(rows * outputs, rows, |first, out| {
            let x = Matrix::new(&x[first * inputs..], out.len() / outputs, inputs);
            weight.product(x, out, Output::Replace);
        })
    }

    fn backward(
        &self,
        [x, weight]: [&[f32]; 2],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 2],
    ) -> [Vec<f32>; 2] {
        let Self { inputs, outputs } = *self;
        let (rows, sums) = (x.len() / inputs, weight.len());
        let weight = Factor::new(Matrix::new(weight, outputs, inputs));
        let ([x_grad], weight_grad) =
            parallel::fill_groups(rows, [inputs], GROUP, sums, |first, count, [out], sums| {
                let x = Matrix::new(&x[first * inputs..], count, inputs);
                let grad = Matrix::new(&grad[first * outputs..], count, outputs);
                weight.product(grad, out, Output::Replace);
                multiply(grad.transposed(), x, 1.0, sums, inputs, Output::Add);
            });
        [x_grad, weight_grad]
    }
}
