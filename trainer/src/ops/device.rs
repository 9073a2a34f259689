//! Backends whose tensors live on a device: the model runs in burn's operations, which stay there.

use burn::tensor::TensorData;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};

use super::host::{HostBackend, OwnedValues};

/// Implements [`HostBackend`] for a backend that works on `device`.
macro_rules! device_backend {
    ($backend:ty, $device:expr) => {
        impl HostBackend for $backend {
            const TRAINS_COMPOSED: bool = true;

            type Values = OwnedValues;

            fn values(tensor: FloatTensor<Self>) -> OwnedValues {
                OwnedValues::read::<Self>(tensor)
            }

            fn tensor(data: TensorData) -> FloatTensor<Self> {
                Self::float_from_data(data, &Self::training_device())
            }

            fn training_device() -> Self::Device {
                $device
            }
        }
    };
}

#[cfg(feature = "tch")]
device_backend!(burn_tch::LibTorch, {
    use burn_tch::LibTorchDevice;
    if tch::Cuda::is_available() { LibTorchDevice::Cuda(0) } else { LibTorchDevice::Cpu }
});
#[cfg(feature = "cuda")]
device_backend!(burn_cuda::Cuda, burn_cuda::CudaDevice::default());
#[cfg(feature = "wgpu")]
device_backend!(burn_wgpu::Wgpu, burn_wgpu::WgpuDevice::default());
