//! The traits of burn backends that the model and its training need.

use std::num::NonZeroUsize;
use std::ops::Deref;

use anyhow::{Result, ensure};
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorData, TensorPrimitive, try_read_sync};

use crate::fused::Fused;

/// A burn backend on which the model runs.
pub trait VitBackend: Backend {
    /// Whether operations are composed of burn's own operations, by the functions of
    /// [`compose`](super::compose), instead of fused.
    const COMPOSED: bool;

    /// Runs an operation whose output has the shape `dims`. A backend with automatic differentiation records
    /// it.
    fn apply<const N: usize>(
        op: impl Fused<N>,
        inputs: [FloatTensor<Self>; N],
        dims: [usize; 3],
    ) -> FloatTensor<Self>;

    /// Calls `look` with the values of a tensor.
    fn inspect<R>(tensor: &FloatTensor<Self>, look: impl FnOnce(&[f32]) -> R) -> R;
}

/// A backend for training. The values of its tensors can be read as f32 in the memory of this process;
/// those on a device are copied.
pub trait HostBackend: VitBackend {
    /// Whether operations are composed of burn's own operations in training too.
    const TRAINS_COMPOSED: bool = false;

    /// Values of a tensor, row-major.
    type Values: Deref<Target = [f32]>;

    /// Reads a tensor, without a copy if the backend allows it.
    fn values(tensor: FloatTensor<Self>) -> Self::Values;

    /// Makes a tensor from row-major values.
    fn tensor(data: TensorData) -> FloatTensor<Self>;

    /// The first device.
    ///
    /// # Errors
    /// If this backend finds none.
    fn training_device() -> Result<Self::Device> {
        Ok(Self::training_devices(NonZeroUsize::MIN)?.swap_remove(0))
    }

    /// The first `count` devices, which share a batch.
    ///
    /// # Errors
    /// If this backend has fewer.
    fn training_devices(count: NonZeroUsize) -> Result<Vec<Self::Device>> {
        ensure!(
            count == NonZeroUsize::MIN,
            "this backend works on one device, the processor: --devices {count} is not possible"
        );
        Ok(vec![Self::Device::default()])
    }
}

/// A copy of the values of a tensor.
#[derive(Debug)]
pub struct OwnedValues(TensorData);

impl OwnedValues {
    /// Copies the values of a tensor.
    pub(super) fn read<B: Backend>(tensor: FloatTensor<B>) -> Self {
        let data = try_read_sync(B::float_into_data(tensor));
        Self(data.expect("ready at once").expect("a tensor can be read"))
    }
}

impl Deref for OwnedValues {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.0.as_slice().expect("f32 as all parameters are")
    }
}

/// Implements [`VitBackend`] for a backend that does not differentiate.
macro_rules! vit_backend {
    ($backend:ty, composed: $composed:expr) => {
        impl $crate::VitBackend for $backend {
            const COMPOSED: bool = $composed;

            fn apply<const N: usize>(
                op: impl Fused<N>,
                inputs: [FloatTensor<Self>; N],
                dims: [usize; 3],
            ) -> FloatTensor<Self> {
                $crate::backend::forward::<Self, N>(&op, inputs, dims)
            }

            fn inspect<R>(tensor: &FloatTensor<Self>, look: impl FnOnce(&[f32]) -> R) -> R {
                look(&Self::values(tensor.clone()))
            }
        }
    };
}
pub(super) use vit_backend;

/// Runs an operation on values in memory without recording it.
pub(super) fn forward<B: HostBackend, const N: usize>(
    op: &impl Fused<N>,
    inputs: [FloatTensor<B>; N],
    dims: [usize; 3],
) -> FloatTensor<B> {
    let values = inputs.map(B::values);
    let output = op.forward(values.each_ref().map(|values| &**values));
    B::tensor(TensorData::new(output, dims))
}

/// The backend's own form of a tensor.
pub(super) fn primitive<B: VitBackend, const D: usize>(
    tensor: Tensor<B, D>,
) -> B::FloatTensorPrimitive {
    tensor.into_primitive().tensor()
}

/// Runs an operation on a backend; its output has the shape `dims`.
pub(super) fn apply<B: VitBackend, const N: usize>(
    op: impl Fused<N>,
    inputs: [B::FloatTensorPrimitive; N],
    dims: [usize; 3],
) -> Tensor<B, 3> {
    Tensor::from_primitive(TensorPrimitive::Float(B::apply(op, inputs, dims)))
}
