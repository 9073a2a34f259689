//! 3×3 convolutions over a grid with channels last, as matrix products of unfolded windows.

use crate::fused::Fused;
use crate::kernels::matmul::{Factor, multiply};
use crate::kernels::matrix::{Matrix, Output};
use crate::kernels::vectorised::vectorised;
use crate::parallel;
use crate::scratch::with_scratch;
use crate::window::Window;

/// Values of one channel that a window covers.
const TAPS: usize = 9;

/// Convolves a grid; inputs are x `[batch, height · width, inputs]` and the weight
/// `[outputs, inputs, 3, 3]`.
///
/// Windows are unfolded image by image, so that they stay in the cache.
#[derive(Clone, Debug)]
pub(super) struct Conv3x3 {
    pub(super) window: Window,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Fused<2> for Conv3x3 {
    fn forward(&self, [x, weight]: [&[f32]; 2]) -> Vec<f32> {
        let (x_len, out_len) = (self.input_len(), self.output_len());
        let batch = x.len() / x_len;
        let (runs, rows) = (self.runs(), self.rows(weight));
        let weight = Factor::new(self.weight(&rows).transposed());
        let windows_len = self.positions() * self.window_len();
        let ([out], _) = parallel::fill_groups(batch, [out_len], 1, 0, |image, _, [out], _| {
            with_scratch([windows_len], |[windows]| {
                unfold(&runs, &x[image * x_len..][..x_len], 3 * self.inputs, windows);
                weight.product(self.windows(windows), out, Output::Replace);
            });
        });
        out
    }

    fn backward(
        &self,
        [x, weight]: [&[f32]; 2],
        _kept: &[f32],
        grad: &[f32],
        wanted: [bool; 2],
    ) -> [Vec<f32>; 2] {
        let (x_len, out_len) = (self.input_len(), self.output_len());
        let (batch, row_len) = (x.len() / x_len, 3 * self.inputs);
        let (runs, rows) = (self.runs(), self.rows(weight));
        let factor = Factor::new(self.weight(&rows));
        let windows_len = self.positions() * self.window_len();
        let x_grad_len = if wanted[0] { x_len } else { 0 };
        let ([x_grad], weight_grad) =
            parallel::fill_groups(batch, [x_grad_len], 1, weight.len(), |image, _, [out], sums| {
                let grad = Matrix::new(&grad[image * out_len..], self.positions(), self.outputs);
                with_scratch([windows_len], |[windows]| {
                    unfold(&runs, &x[image * x_len..][..x_len], row_len, windows);
                    // In bf16, a transposed factor takes longer to copy. The gradient is mostly the smaller one.
                    let (grad_rows, len) = (grad.transposed(), self.window_len());
                    multiply(grad_rows, self.windows(windows), 1.0, sums, len, Output::Add);
                    if wanted[0] {
                        factor.product(grad, windows, Output::Replace);
                        fold(&runs, windows, row_len, out);
                    }
                });
            });
        [x_grad, self.weight_order(&weight_grad)]
    }
}

impl Conv3x3 {
    fn input_len(&self) -> usize {
        let [height, width] = self.window.input;
        height * width * self.inputs
    }

    fn positions(&self) -> usize {
        let [height, width] = self.window.output();
        height * width
    }

    fn output_len(&self) -> usize {
        self.positions() * self.outputs
    }

    /// Values of one window, ordered row, column, channel.
    fn window_len(&self) -> usize {
        TAPS * self.inputs
    }

    fn windows<'a>(&self, values: &'a [f32]) -> Matrix<'a> {
        Matrix::new(values, self.positions(), self.window_len())
    }

    /// A weight in the order of [`rows`](Self::rows).
    fn weight<'a>(&self, rows: &'a [f32]) -> Matrix<'a> {
        Matrix::new(rows, self.outputs, self.window_len())
    }

    /// The weight as `[outputs, window_len]`.
    fn rows(&self, weight: &[f32]) -> Vec<f32> {
        let mut rows = vec![0.0; weight.len()];
        self.for_each_weight(|ours, theirs| rows[ours] = weight[theirs]);
        rows
    }

    /// The inverse of [`rows`](Self::rows).
    fn weight_order(&self, rows: &[f32]) -> Vec<f32> {
        let mut weight = vec![0.0; rows.len()];
        self.for_each_weight(|ours, theirs| weight[theirs] = rows[ours]);
        weight
    }

    /// Calls `visit` for every weight, with its index in `[outputs, window_len]` and its index in
    /// `[outputs, inputs, 3, 3]`.
    fn for_each_weight(&self, mut visit: impl FnMut(usize, usize)) {
        for output in 0..self.outputs {
            for input in 0..self.inputs {
                for tap in 0..TAPS {
                    let ours = (output * TAPS + tap) * self.inputs + input;
                    visit(ours, (output * self.inputs + input) * TAPS + tap);
                }
            }
        }
    }

    /// The rows of every window. The values of a row are adjacent in the image.
    fn runs(&self) -> Vec<Run> {
        let [height, width] = self.window.input;
        let [out_height, out_width] = self.window.output();
        let (stride, channels) = (self.window.stride, self.inputs);
        let mut runs = Vec::with_capacity(3 * out_height * out_width);
        for y in 0..out_height {
            for x in 0..out_width {
                // Columns x·stride − 1 to x·stride + 1, cut at the edges.
                let left = (x * stride).saturating_sub(1);
                let right = (x * stride + 2).min(width);
                for tap in 0..3 {
                    let row = (y * stride + tap).checked_sub(1).filter(|&row| row < height);
                    runs.push(Run {
                        image: row.map_or(0, |row| (row * width + left) * channels),
                        before: (left + 1 - x * stride) * channels,
                        len: row.map_or(0, |_| (right - left) * channels),
                    });
                }
            }
        }
        runs
    }
}

/// One row of one window.
#[derive(Clone, Copy)]
struct Run {
    /// Where its values within the image start.
    image: usize,
    /// Zeros before them.
    before: usize,
    /// How many there are; zeros fill the rest of the row.
    len: usize,
}

/// Copies the window of every output position of one image, each row `row_len` values.
fn unfold(runs: &[Run], image: &[f32], row_len: usize, windows: &mut [f32]) {
    for (row, run) in windows.chunks_exact_mut(row_len).zip(runs) {
        if run.len < row_len {
            row.fill(0.0);
        }
        row[run.before..][..run.len].copy_from_slice(&image[run.image..][..run.len]);
    }
}

vectorised! {
    /// Adds the values of every window to the positions of the image from which they were copied.
    fn fold(runs: &[Run], windows: &[f32], row_len: usize, image: &mut [f32]) {
        for (row, run) in windows.chunks_exact(row_len).zip(runs) {
            parallel::add(&mut image[run.image..][..run.len], &row[run.before..][..run.len]);
        }
    }
}
