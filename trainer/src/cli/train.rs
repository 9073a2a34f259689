//! `trainer`: train a network from seeded values.

use anyhow::Result;
use clap::Args;
use runtime::config::Preset;

use super::run::{Begin, RunArgs};
use super::{config_for, presets};
use crate::backend::on_backend;
use crate::recipe::Recipe;

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// Network to train.
    #[arg(long, default_value = "micro", value_parser = presets())]
    preset: Preset,
    #[command(flatten)]
    run: RunArgs,
}

impl TrainArgs {
    pub(super) fn run(self) -> Result<()> {
        let dataset = self.run.data.dataset()?;
        let recipe = self.recipe(dataset.train.len());
        let config = config_for(self.preset, &dataset)?;
        let begin = Begin {
            preset: self.preset.name(),
            config: &config,
            recipe: &recipe,
            start: None,
            quantize: false,
        };
        on_backend!(self.run.backend, B => self.run.run::<B>(&begin, &dataset))
    }

    /// The recipe for so many images, validation included.
    pub(super) fn recipe(&self, images: usize) -> Recipe {
        self.run.numbers.recipe(self.preset, images)
    }
}
