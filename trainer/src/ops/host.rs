//! Tensors of processor backends as slices.

use std::num::NonZeroUsize;
use std::ops::Deref;

use anyhow::{Result, ensure};
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{TensorData, try_read_sync};
use burn_flex::{Flex, FlexTensor};
use burn_ndarray::NdArray;

use super::fused::VitBackend;

/// A backend that networks are trained on: its tensors can be read as f32 values in this process's
/// memory, those of a device by a copy.
pub trait HostBackend: VitBackend {
    /// Whether training, too, runs the definitions in [`compose`](super::compose).
    const TRAINS_COMPOSED: bool = false;

    /// Values of a tensor, row-major.
    type Values: Deref<Target = [f32]>;

    /// Reads a tensor, without a copy where the backend allows it.
    fn values(tensor: FloatTensor<Self>) -> Self::Values;

    /// Makes a tensor of row-major values.
    fn tensor(data: TensorData) -> FloatTensor<Self>;

    /// The device to work on where several could be used.
    ///
    /// # Errors
    /// If this backend cannot use any.
    fn training_device() -> Result<Self::Device> {
        Ok(Self::training_devices(NonZeroUsize::MIN)?.swap_remove(0))
    }

    /// So many devices to share a batch.
    ///
    /// # Errors
    /// If this backend cannot use so many.
    fn training_devices(count: NonZeroUsize) -> Result<Vec<Self::Device>> {
        ensure!(
            count == NonZeroUsize::MIN,
            "{count} devices are asked for, and this backend works on one, the processor"
        );
        Ok(vec![Self::Device::default()])
    }
}

/// A contiguous tensor of the flex backend.
#[derive(Debug)]
pub struct FlexValues(FlexTensor);

/// Values taken out of a tensor.
#[derive(Debug)]
pub struct OwnedValues(TensorData);

impl HostBackend for Flex {
    type Values = FlexValues;

    fn values(tensor: FloatTensor<Self>) -> FlexValues {
        FlexValues(tensor.to_contiguous())
    }

    fn tensor(data: TensorData) -> FloatTensor<Self> {
        FlexTensor::from_data(data)
    }
}

impl HostBackend for NdArray {
    type Values = OwnedValues;

    fn values(tensor: FloatTensor<Self>) -> OwnedValues {
        OwnedValues::read::<Self>(tensor)
    }

    fn tensor(data: TensorData) -> FloatTensor<Self> {
        FloatTensor::<Self>::from_data(data)
    }
}

impl OwnedValues {
    /// Copies the values of a tensor.
    pub(super) fn read<B: Backend>(tensor: FloatTensor<B>) -> Self {
        let data = try_read_sync(B::float_into_data(tensor));
        Self(data.expect("ready at once").expect("a tensor can be read"))
    }
}

impl Deref for FlexValues {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.0.as_slice().expect("contiguous by construction, f32 as all parameters are")
    }
}

impl Deref for OwnedValues {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.0.as_slice().expect("f32 as all parameters are")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Tensor, TensorMetadata, TensorPrimitive};

    fn transposed<B: HostBackend>() -> Vec<f32> {
        let device = B::Device::default();
        let x = Tensor::<B, 2>::from_data([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &device);
        B::values(x.transpose().into_primitive().tensor()).to_vec()
    }

    #[test]
    fn a_view_is_read_in_its_own_order() {
        assert_eq!(transposed::<Flex>(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0], "flex");
        assert_eq!(transposed::<NdArray>(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0], "ndarray");
    }

    #[test]
    fn values_become_a_tensor() {
        let primitive = Flex::tensor(TensorData::new(vec![1.0f32, 2.0, 3.0, 4.0], [2, 2]));
        assert_eq!(primitive.shape().as_slice(), [2, 2], "shape");
        let x = Tensor::<Flex, 2>::from_primitive(TensorPrimitive::Float(primitive));
        assert_eq!(x.sum().into_scalar(), 10.0, "sum");
    }
}
