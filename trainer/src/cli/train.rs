//! `trainer`: train a network from seeded values.

use anyhow::Result;
use clap::Args;

use super::preset::{PresetArgs, network};
use super::run::{Begin, RunArgs};
use crate::backend::on_backend;
use crate::recipe::Recipe;

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    #[command(flatten)]
    network: PresetArgs,
    #[command(flatten)]
    run: RunArgs,
}

impl TrainArgs {
    pub(super) fn run(self) -> Result<()> {
        let mut directory = self.run.directory(None)?;
        let dataset = self.run.dataset(None)?;
        let recipe = self.recipe(dataset.train.len());
        let config = network(self.network.preset, dataset.classes.len())?;
        let begin = Begin {
            preset: self.network.preset.name(),
            config: &config,
            recipe: &recipe,
            start: None,
            quantize: false,
        };
        on_backend!(self.run.backend.backend, B => self.run.run::<B>(&begin, &dataset, &mut directory))
    }

    /// The recipe for this number of images, validation included.
    pub(super) fn recipe(&self, images: usize) -> Recipe {
        self.run.numbers.recipe(self.network.preset, images)
    }
}
