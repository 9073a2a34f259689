//! The parts of an operation on plain slices that burn needs to run and differentiate it.

use std::fmt::Debug;

/// An operation of `N` inputs and one output on row-major slices.
///
/// Most operations keep only their inputs for the gradient and compute other values again, which costs
/// less than the memory traffic of keeping them.
pub trait Fused<const N: usize>: Clone + Debug + Send + Sync + 'static {
    /// The output.
    fn forward(&self, inputs: [&[f32]; N]) -> Vec<f32>;

    /// The output, and values that [`backward`](Self::backward) needs besides the inputs.
    fn forward_keeping(&self, inputs: [&[f32]; N]) -> (Vec<f32>, Vec<f32>) {
        (self.forward(inputs), Vec::new())
    }

    /// The gradient of each input, as long as the input, or empty if it is not `wanted`. `kept` is from
    /// [`forward_keeping`](Self::forward_keeping), and `grad` is the gradient of the output.
    fn backward(
        &self,
        inputs: [&[f32]; N],
        kept: &[f32],
        grad: &[f32],
        wanted: [bool; N],
    ) -> [Vec<f32>; N];
}
