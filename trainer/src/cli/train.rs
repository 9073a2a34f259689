//! `trainer`: train a network, from random values or from a trained network.

use anyhow::Result;
use clap::Args;
use runtime::config::Preset;

use super::choice::{Choice, From};
use super::preset::presets;
use super::run::RunArgs;
use crate::backend::on_backend;
use crate::recipe::Recipe;
use ops::HostBackend;

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// Name of the network [default: micro, or that of --from].
    #[arg(long, value_parser = presets())]
    preset: Option<Preset>,
    /// What to start from: a network that is part of the program (micro, nano, compact or first-5000), the
    /// FILE of a checkpoint, or scratch for random values. A network gets a new head for other classes, and a
    /// new grid of positions for another --image-size [default: for folders of pictures, the network of the
    /// preset if one is part of the program; else scratch].
    #[arg(long, value_name = "NETWORK", value_parser = From::parse)]
    from: Option<From>,
    #[command(flatten)]
    run: RunArgs,
}

impl TrainArgs {
    pub(super) fn run(self) -> Result<()> {
        on_backend!(self.run.backend.backend, B => self.run_on::<B>())
    }

    fn run_on<B: HostBackend>(self) -> Result<()> {
        let start = match &self.from {
            Some(From::Network(start)) => start.path(),
            Some(From::Scratch) | None => None,
        };
        let mut directory = self.run.directory(start)?;
        let choice = Choice {
            preset: self.preset,
            from: self.from.as_ref(),
            run: &self.run,
            quantize: false,
        };
        let (dataset, begin) = choice.make::<B>()?;
        self.run.run::<B>(&begin, &dataset, &mut directory)
    }

    /// The recipe for this number of images, validation included, from random values.
    pub(super) fn recipe(&self, images: usize) -> Recipe {
        self.run.numbers.recipe(self.preset.unwrap_or(Preset::Micro), images)
    }
}
