//! `trainer finetune`: train a trained network further.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::choice::{Choice, From};
use super::run::RunArgs;
use crate::backend::on_backend;
use crate::train::Start;
use ops::HostBackend;

#[derive(Debug, Args)]
pub(super) struct FinetuneArgs {
    /// Checkpoint of the network to start from. It is not changed: the result goes to --out. If the data has
    /// other classes, the network gets a new head; with --image-size, a new grid of positions.
    checkpoint: PathBuf,
    /// Simulate the rounding of the int8 network in every forward pass (quantization-aware training).
    /// Gradients are computed as if weights and activations were not rounded.
    #[arg(long)]
    quantize: bool,
    #[command(flatten)]
    run: RunArgs,
}

impl FinetuneArgs {
    pub(super) fn run(self) -> Result<()> {
        on_backend!(self.run.backend.backend, B => self.run_on::<B>())
    }

    fn run_on<B: HostBackend>(self) -> Result<()> {
        let mut directory = self.run.directory(Some(&self.checkpoint))?;
        let from = From::Network(Start::File(self.checkpoint.clone()));
        let choice =
            Choice { preset: None, from: Some(&from), run: &self.run, quantize: self.quantize };
        let (dataset, begin) = choice.make::<B>()?;
        self.run.run::<B>(&begin, &dataset, &mut directory)
    }
}
