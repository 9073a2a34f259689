//! `trainer average`: the weighted mean of two networks.

use std::path::PathBuf;

use anyhow::{Context, Result};
use burn_flex::Flex;
use clap::Args;
use runtime::config::Preset;

use super::data::TrainingDataArgs;
use crate::average::average;
use crate::checkpoint;
use crate::data::{HeldOut, Images, split};
use crate::eval::{Evaluation, evaluate};
use crate::recipe::Recipe;
use crate::say;
use crate::summary::grouped;
use output::{self, Replaces};

/// The shares of the second network that are tried, in tenths.
const TENTHS: u32 = 10;

#[derive(Debug, Args)]
pub(super) struct AverageArgs {
    /// Checkpoint of a network.
    first: PathBuf,
    /// Checkpoint of the same network after a later run.
    second: PathBuf,
    /// Checkpoint to write: the mean of both, in full precision.
    out: PathBuf,
    /// Share of the second network, 0 to 1 [default: the best of 0, 0.1, 0.2 to 1 on validation images]. Give the same
    /// data and --seed as for the runs, so that they have not trained on these images.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    share: Option<f64>,
    #[command(flatten)]
    data: TrainingDataArgs,
    /// Seed of the runs, which chose the validation images.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Replace the file that is there already.
    #[arg(long)]
    overwrite: bool,
}

impl AverageArgs {
    pub(super) fn run(self) -> Result<()> {
        output::refuse_inputs(&[&self.out], &[&self.first, &self.second])?;
        self.data.refuse_outputs(&[&self.out])?;
        output::check(&self.out, Replaces::if_told(self.overwrite))?;
        let device = Default::default();
        let first = checkpoint::load::<Flex>(&self.first, &device)?;
        let second = checkpoint::load::<Flex>(&self.second, &device)?;
        let mean = |share| {
            average(&first, &second, share).with_context(|| {
                let (first, second) = (self.first.display(), self.second.display());
                format!("{first} and {second} have no mean")
            })
        };
        if let Some(share) = self.share {
            return checkpoint::save(&self.out, &mean(share)?);
        }
        mean(1.0)?;
        let size = second.config.spec().image;
        let dataset = self.data.dataset(HeldOut::of(second.source), size, self.seed)?;
        let dataset = dataset.for_network(&second.classes)?;
        // The smallest share of all recipes: a recipe that holds out more images holds out these too.
        let held_out = Recipe::long(Preset::Micro).validation;
        let images = match dataset.validation {
            Some(images) => images,
            None => split(&dataset.train, held_out, self.seed).1,
        };
        let share = best(&images, |share| {
            let network = mean(share)?;
            Ok(evaluate(&network.model, &images, network.normalisation, &device))
        })?;
        checkpoint::save(&self.out, &mean(share)?)?;
        say!("wrote {} with the share {share:.1}", self.out.display())
    }
}

/// Tries all shares, prints what they give, and returns the best: the one with the highest accuracy, of equal ones the
/// one with the lowest loss.
fn best(images: &Images, evaluate: impl Fn(f64) -> Result<Evaluation>) -> Result<f64> {
    say!("share of the second network, on {} validation images:", grouped(images.len() as u64))?;
    let mut best: Option<(f64, f64, f64)> = None;
    for tenths in 0..=TENTHS {
        let share = f64::from(tenths) / f64::from(TENTHS);
        let found = evaluate(share)?;
        let (accuracy, loss) = (found.accuracy(), found.loss);
        say!("  {share:.1}  accuracy {:.2} %, loss {loss:.4}", 100.0 * accuracy)?;
        let better = |(_, highest, lowest): (f64, f64, f64)| {
            accuracy > highest || (accuracy == highest && loss < lowest)
        };
        if best.is_none_or(better) {
            best = Some((share, accuracy, loss));
        }
    }
    best.map(|(share, ..)| share).context("no share was tried")
}

/// A share from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("give a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::RecipeName;
    use clap::ValueEnum;

    #[test]
    fn every_recipe_holds_out_the_images_that_choose() {
        let held_out = Recipe::long(Preset::Micro).validation;
        for &name in RecipeName::value_variants() {
            let recipe = Recipe::named(name, Preset::Micro);
            assert!(recipe.validation >= held_out, "{name:?} holds out fewer images");
        }
    }
}
