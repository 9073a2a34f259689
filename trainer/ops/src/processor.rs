//! Backends that work on this computer's processor; their tensors are slices.

use std::ops::Deref;

use burn::tensor::TensorData;
use burn::tensor::ops::FloatTensor;
use burn_flex::{Flex, FlexTensor};
use burn_ndarray::NdArray;

use crate::backend::{HostBackend, OwnedValues, vit_backend};
use crate::fused::Fused;

// The float reference: only burn's own operations.
vit_backend!(NdArray, composed: true);
vit_backend!(Flex, composed: false);

/// A contiguous tensor of the flex backend.
#[derive(Debug)]
pub struct FlexValues(FlexTensor);

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

impl Deref for FlexValues {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.0.as_slice().expect("contiguous by construction, f32 as all parameters are")
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
