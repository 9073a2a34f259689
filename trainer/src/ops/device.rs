//! Backends whose tensors live on a device: the model runs in burn's operations, which stay there.

use std::panic::{self, AssertUnwindSafe};

use anyhow::{Result, anyhow};
use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Tensor, TensorData};

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
                Self::float_from_data(data, &$device)
            }

            fn training_device() -> Result<Self::Device> {
                checked::<Self>(stringify!($backend), $device)
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

/// The device, once a number has been there and back: that it cannot be used, burn says by a panic.
fn checked<B: Backend>(backend: &str, device: B::Device) -> Result<B::Device> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let ask = || Tensor::<B, 1>::zeros([1], &device).into_data();
    let answer = panic::catch_unwind(AssertUnwindSafe(ask));
    panic::set_hook(hook);
    let Err(panic) = answer else { return Ok(device) };
    let reason = panic.downcast_ref::<String>().map(String::as_str);
    let reason = reason.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no device");
    Err(anyhow!("{backend} finds no device here, choose another --backend: {reason}"))
}
