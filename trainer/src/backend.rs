//! The choice between burn's backends.

use std::fmt;
use std::num::NonZeroUsize;

use anyhow::Result;
use clap::ValueEnum;

use crate::progress::Progress;
use crate::train::{Outcome, Run, train};
use ops::HostBackend;

/// Backend of burn for training and evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BackendChoice {
    /// burn-flex, on the processor; the faster one.
    #[default]
    Flex,
    /// burn-ndarray, on the processor. Evaluation uses only burn's own operations: it is the float
    /// reference.
    Ndarray,
    /// burn-tch: `LibTorch` on the first CUDA device, or on the processor if there is none.
    #[cfg(feature = "tch")]
    Tch,
    /// burn-cuda: the first CUDA device.
    #[cfg(feature = "cuda")]
    Cuda,
    /// burn-wgpu: the best GPU, through Vulkan, Metal or `DirectX`.
    #[cfg(feature = "wgpu")]
    Wgpu,
}

/// Evaluates an expression in which a type alias is the chosen backend.
macro_rules! on_backend {
    ($choice:expr, $backend:ident => $call:expr) => {
        match $choice {
            $crate::backend::BackendChoice::Flex => {
                type $backend = burn_flex::Flex;
                $call
            }
            $crate::backend::BackendChoice::Ndarray => {
                type $backend = burn_ndarray::NdArray;
                $call
            }
            #[cfg(feature = "tch")]
            $crate::backend::BackendChoice::Tch => {
                type $backend = burn_tch::LibTorch;
                $call
            }
            #[cfg(feature = "cuda")]
            $crate::backend::BackendChoice::Cuda => {
                type $backend = burn_cuda::Cuda;
                $call
            }
            #[cfg(feature = "wgpu")]
            $crate::backend::BackendChoice::Wgpu => {
                type $backend = burn_wgpu::Wgpu;
                $call
            }
        }
    };
}
pub(crate) use on_backend;

impl BackendChoice {
    /// [`train()`] on `devices` devices of this backend.
    ///
    /// Other crates call this instead of [`train()`]. Otherwise each of them would compile the generic
    /// function again, which takes minutes.
    ///
    /// # Errors
    /// As [`train()`], and if the backend has fewer devices.
    pub fn train(
        self,
        run: Run<'_>,
        devices: NonZeroUsize,
        progress: &mut Progress,
    ) -> Result<Outcome> {
        on_backend!(self, B => train::<B>(run, &B::training_devices(devices)?, progress))
    }
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no choice is skipped");
        f.write_str(value.get_name())
    }
}
