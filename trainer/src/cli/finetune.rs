//! `trainer finetune`: train a trained network further.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use runtime::config::Preset;

use super::run::{Begin, RunArgs};
use crate::backend::on_backend;
use crate::ops::HostBackend;
use crate::recipe::{Recipe, RecipeName};
use crate::record;

#[derive(Debug, Args)]
pub(super) struct FinetuneArgs {
    /// Record of the network, which stays as it is: the one that is trained goes to --out.
    record: PathBuf,
    /// Train for the integer form: weights and activations are rounded to eight bits in every forward
    /// pass, and gradients passed straight through the rounding.
    #[arg(long)]
    quantize: bool,
    #[command(flatten)]
    run: RunArgs,
}

impl FinetuneArgs {
    pub(super) fn run(self) -> Result<()> {
        on_backend!(self.run.backend, B => self.run_on::<B>())
    }

    fn run_on<B: HostBackend>(self) -> Result<()> {
        let dataset = self.run.data.dataset()?;
        let trained = record::load::<B>(&self.record, &B::training_device()?)?;
        // A shape of a sweep drops out as little as the presets but `seed` do.
        let preset = Preset::by_name(&trained.preset).unwrap_or(Preset::Micro);
        let recipe = Recipe {
            normalisation: trained.normalisation,
            ..self.run.numbers.recipe_or(RecipeName::Finetune, preset, dataset.train.len())
        };
        let begin = Begin {
            preset: &trained.preset,
            config: &trained.config,
            recipe: &recipe,
            start: Some(&self.record),
            quantize: self.quantize,
        };
        self.run.run::<B>(&begin, &dataset)
    }
}
