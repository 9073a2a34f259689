//! Operations on plain slices as differentiable burn operations.

use std::fmt::Debug;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{TensorData, TensorMetadata};
use burn_flex::Flex;
use burn_ndarray::NdArray;

use super::host::HostBackend;

/// An operation of `N` inputs and one output on row-major slices.
///
/// Most keep nothing but the inputs for the gradient: what else it needs is computed again, which
/// costs less than the memory traffic of keeping it.
pub trait Fused<const N: usize>: Clone + Debug + Send + Sync + 'static {
    /// The output.
    fn forward(&self, inputs: [&[f32]; N]) -> Vec<f32>;

    /// The output and values that [`backward`](Self::backward) needs besides the inputs.
    fn forward_keeping(&self, inputs: [&[f32]; N]) -> (Vec<f32>, Vec<f32>) {
        (self.forward(inputs), Vec::new())
    }

    /// The gradient of each input from that of the output and from what
    /// [`forward_keeping`](Self::forward_keeping) kept, as long as the input; empty where it is not
    /// `wanted`.
    fn backward(
        &self,
        inputs: [&[f32]; N],
        kept: &[f32],
        grad: &[f32],
        wanted: [bool; N],
    ) -> [Vec<f32>; N];
}

/// A burn backend on which the model runs.
pub trait VitBackend: Backend {
    /// Whether the definitions in [`compose`](super::compose) are run as they stand.
    const COMPOSED: bool;

    /// Runs an operation whose output has the shape `dims`, recording it where the backend
    /// differentiates.
    fn apply<const N: usize>(
        op: impl Fused<N>,
        inputs: [FloatTensor<Self>; N],
        dims: [usize; 3],
    ) -> FloatTensor<Self>;

    /// Looks at the values of a tensor.
    fn inspect<R>(tensor: &FloatTensor<Self>, look: impl FnOnce(&[f32]) -> R) -> R;
}

/// Implements [`VitBackend`] for a backend that does not differentiate.
macro_rules! vit_backend {
    ($backend:ty, composed: $composed:expr) => {
        impl VitBackend for $backend {
            const COMPOSED: bool = $composed;

            fn apply<const N: usize>(
                op: impl Fused<N>,
                inputs: [FloatTensor<Self>; N],
                dims: [usize; 3],
            ) -> FloatTensor<Self> {
                forward::<Self, N>(&op, inputs, dims)
            }

            fn inspect<R>(tensor: &FloatTensor<Self>, look: impl FnOnce(&[f32]) -> R) -> R {
                look(&Self::values(tensor.clone()))
            }
        }
    };
}

// The float reference: burn's own operations and nothing else.
vit_backend!(NdArray, composed: true);
vit_backend!(Flex, composed: false);
// Operations on slices would bring every value off the device.
#[cfg(feature = "tch")]
vit_backend!(burn_tch::LibTorch, composed: true);
#[cfg(feature = "cuda")]
vit_backend!(burn_cuda::Cuda, composed: true);
#[cfg(feature = "wgpu")]
vit_backend!(burn_wgpu::Wgpu, composed: true);

impl<B: HostBackend, C: CheckpointStrategy> VitBackend for Autodiff<B, C> {
    const COMPOSED: bool = B::TRAINS_COMPOSED;

    fn apply<const N: usize>(
        op: impl Fused<N>,
        inputs: [FloatTensor<Self>; N],
        dims: [usize; 3],
    ) -> FloatTensor<Self> {
        let nodes = inputs.each_ref().map(|input| input.node.clone());
        let values = inputs.map(|input| input.primitive);
        match Gradient(op.clone()).prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(step) => {
                let slices = values.clone().map(B::values);
                let (output, kept) = op.forward_keeping(slices.each_ref().map(|slice| &**slice));
                step.finish((values, kept), B::tensor(TensorData::new(output, dims)))
            }
            OpsKind::UnTracked(step) => step.finish(forward::<B, N>(&op, values, dims)),
        }
    }

    fn inspect<R>(tensor: &FloatTensor<Self>, look: impl FnOnce(&[f32]) -> R) -> R {
        look(&B::values(tensor.primitive.clone()))
    }
}

fn forward<B: HostBackend, const N: usize>(
    op: &impl Fused<N>,
    inputs: [FloatTensor<B>; N],
    dims: [usize; 3],
) -> FloatTensor<B> {
    let values = inputs.map(B::values);
    let output = op.forward(values.each_ref().map(|values| &**values));
    B::tensor(TensorData::new(output, dims))
}

/// The backward step of an operation.
#[derive(Debug)]
struct Gradient<O>(O);

impl<B: HostBackend, O: Fused<N>, const N: usize> Backward<B, N> for Gradient<O> {
    /// The inputs and what was kept besides.
    type State = ([FloatTensor<B>; N], Vec<f32>);

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = B::values(grads.consume::<B>(&ops.node));
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let (inputs, kept) = ops.state;
        let shapes = inputs.each_ref().map(TensorMetadata::shape);
        let inputs = inputs.map(B::values);
        let slices = inputs.each_ref().map(|values| &**values);
        let found = self.0.backward(slices, &kept, &grad, wanted);
        for ((parent, values), shape) in ops.parents.into_iter().zip(found).zip(shapes) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, B::tensor(TensorData::new(values, shape)));
            }
        }
    }
}
