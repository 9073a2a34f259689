//! Backends whose tensors live on a device: the model runs in burn's operations, which stay there.

use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};

use anyhow::{Result, anyhow};
use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Tensor, TensorData};

use crate::backend::{HostBackend, OwnedValues, vit_backend};
use crate::fused::Fused;

/// Implements [`VitBackend`] and [`HostBackend`] for a backend whose devices a function makes, given
/// their number.
macro_rules! device_backend {
    ($backend:ty, $devices:ident) => {
        // Operations on slices would bring every value off the device.
        vit_backend!($backend, composed: true);

        impl HostBackend for $backend {
            const TRAINS_COMPOSED: bool = true;

            type Values = OwnedValues;

            fn values(tensor: FloatTensor<Self>) -> OwnedValues {
                OwnedValues::read::<Self>(tensor)
            }

            fn tensor(data: TensorData) -> FloatTensor<Self> {
                Self::float_from_data(data, &$devices(1)[0])
            }

            fn training_devices(count: NonZeroUsize) -> Result<Vec<Self::Device>> {
                let devices = $devices(count.get());
                let checked = |device| checked::<Self>(stringify!($backend), device);
                devices.into_iter().map(checked).collect()
            }
        }
    };
}

#[cfg(feature = "tch")]
device_backend!(burn_tch::LibTorch, tch_devices);
#[cfg(feature = "cuda")]
device_backend!(burn_cuda::Cuda, cuda_devices);
#[cfg(feature = "wgpu")]
device_backend!(burn_wgpu::Wgpu, wgpu_devices);

/// The first CUDA devices. If there is no CUDA device, each is the processor.
#[cfg(feature = "tch")]
fn tch_devices(count: usize) -> Vec<burn_tch::LibTorchDevice> {
    use burn_tch::LibTorchDevice;
    let cuda = tch::Cuda::is_available();
    (0..count).map(|i| if cuda { LibTorchDevice::Cuda(i) } else { LibTorchDevice::Cpu }).collect()
}

#[cfg(feature = "cuda")]
fn cuda_devices(count: usize) -> Vec<burn_cuda::CudaDevice> {
    (0..count).map(burn_cuda::CudaDevice::new).collect()
}

/// The best device if `count` is 1, else the first `count` discrete GPUs.
#[cfg(feature = "wgpu")]
fn wgpu_devices(count: usize) -> Vec<burn_wgpu::WgpuDevice> {
    use burn_wgpu::WgpuDevice;
    match count {
        1 => vec![WgpuDevice::default()],
        _ => (0..count).map(WgpuDevice::DiscreteGpu).collect(),
    }
}

/// Checks that the device works: a number is written to it and read back. burn panics if the device does
/// not work.
fn checked<B: Backend>(backend: &str, device: B::Device) -> Result<B::Device> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let ask = || Tensor::<B, 1>::zeros([1], &device).into_data();
    let answer = panic::catch_unwind(AssertUnwindSafe(ask));
    panic::set_hook(hook);
    let Err(panic) = answer else { return Ok(device) };
    let reason = panic.downcast_ref::<String>().map(String::as_str);
    let reason = reason.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no device");
    Err(anyhow!("{backend} finds no device on this computer: choose another --backend ({reason})"))
}
