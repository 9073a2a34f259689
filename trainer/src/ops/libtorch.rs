//! Tensors of `LibTorch`: the model runs in burn's operations, which stay on the device.

use burn::tensor::TensorData;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn_tch::{LibTorch, LibTorchDevice};

use super::host::{HostBackend, OwnedValues};

impl HostBackend for LibTorch {
    const TRAINS_COMPOSED: bool = true;

    type Values = OwnedValues;

    fn values(tensor: FloatTensor<Self>) -> OwnedValues {
        OwnedValues::read::<Self>(tensor)
    }

    fn tensor(data: TensorData) -> FloatTensor<Self> {
        Self::float_from_data(data, &Self::training_device())
    }

    fn training_device() -> LibTorchDevice {
        if tch::Cuda::is_available() { LibTorchDevice::Cuda(0) } else { LibTorchDevice::Cpu }
    }
}
