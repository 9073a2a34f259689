//! Fused operations under burn's automatic differentiation.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{TensorData, TensorMetadata};

use crate::backend::{HostBackend, VitBackend, forward};
use crate::fused::Fused;

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

/// The backward step of an operation.
#[derive(Debug)]
struct Gradient<O>(O);

impl<B: HostBackend, O: Fused<N>, const N: usize> Backward<B, N> for Gradient<O> {
    /// The inputs, and other values of the forward pass that the backward pass needs.
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
