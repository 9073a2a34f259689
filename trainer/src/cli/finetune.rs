//! `trainer finetune`: train a trained network further.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use runtime::config::Preset;

use super::run::{Begin, RunArgs};
use crate::backend::on_backend;
use crate::checkpoint;
use crate::ops::HostBackend;
use crate::recipe::{Recipe, RecipeName};

#[derive(Debug, Args)]
pub(super) struct FinetuneArgs {
    /// Checkpoint of the network to start from. It is not changed: the result goes to --out.
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
        let trained = checkpoint::load::<B>(&self.checkpoint, &B::training_device()?)?;
        let dataset = self.run.dataset(Some(trained.source))?;
        // A network of a sweep takes the dropout rates of `micro`, which are zero.
        let preset = Preset::by_name(&trained.preset).unwrap_or(Preset::Micro);
        let recipe = Recipe {
            normalisation: trained.normalisation,
            ..self.run.numbers.recipe_or(RecipeName::Finetune, preset, dataset.train.len())
        };
        let begin = Begin {
            preset: &trained.preset,
            config: &trained.config,
            recipe: &recipe,
            start: Some(&self.checkpoint),
            quantize: self.quantize,
        };
        self.run.run::<B>(&begin, &dataset, &mut directory)
    }
}
