//! `export sensitivity best.mpk`: ranks the activations by the loss that eight bits cause there.

use super::images::Network;
use super::progress::{bar, watched};
use super::values::positive;
use super::weights::WeightsArgs;
use anyhow::{Result, ensure};
use clap::Args;
use export::Method;
use export::calibrate::Observer;
use export::verify::{Outcome, Sensitivity};
use runtime::site::SiteId;
use serde_json::json;
use std::path::PathBuf;
use trainer::say;

/// Each trial leaves this many of the worst sites without rounding.
const SPARED: [usize; 6] = [0, 1, 2, 4, 8, 16];

#[derive(Debug, Args)]
pub(super) struct SensitivityArgs {
    /// Checkpoint written by the trainer, or PyTorch weights as `import` reads them.
    checkpoint: PathBuf,
    #[command(flatten)]
    weights: WeightsArgs,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10.
    /// Without it, the built-in images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Training images whose activations decide the scales.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = positive)]
    calibration: usize,
    /// How the range of a scale is chosen from these activations.
    #[arg(long, value_enum, default_value_t)]
    observer: Observer,
    /// Further training images, on which the loss is measured.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = positive)]
    images: usize,
    /// Seed for the random choice of training images.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl SensitivityArgs {
    pub(super) fn run(&self) -> Result<()> {
        let float = self.weights.float_model(&self.checkpoint)?;
        let network = Network::of_checkpoint(&self.checkpoint, &float);
        let data = network.dataset(self.data.as_deref())?;
        // The sample is in random order: its first images are for calibration, the others for the loss.
        let sample = data.train.sample(self.calibration + self.images, self.seed);
        let calibration = sample.take(self.calibration);
        let images = sample.subset(&(calibration.len()..sample.len()).collect::<Vec<_>>());
        ensure!(
            !images.is_empty(),
            "there are only {} training images, and --calibration uses all of them: give a smaller \
             number, so that some are left to measure the loss",
            sample.len()
        );
        // The simulation rounds activations only, so it does not need corrected biases.
        let method = Method { observer: self.observer, correct_biases: false };
        let (_, quantized) = export::quantize(&float, &calibration, method, watched)?;
        let sensitivity = Sensitivity::new(&float, &quantized, &images)?;

        let sites: Vec<SiteId> = sensitivity.sites().collect();
        let progress = bar("measuring", (sites.len() + SPARED.len()) * images.len());
        let count = |images| progress.inc(images as u64);
        let alone = |&site: &SiteId| Ok((site, sensitivity.with(|other| other == site, count)?));
        let mut alone = sites.iter().map(alone).collect::<Result<Vec<(SiteId, Outcome)>>>()?;
        alone.sort_by(|(_, a), (_, b)| a.decibels.total_cmp(&b.decibels));
        let spare = |&spared: &usize| {
            let worst: Vec<SiteId> = alone.iter().take(spared).map(|&(site, _)| site).collect();
            Ok((worst.len(), sensitivity.with(|site| !worst.contains(&site), count)?))
        };
        let spared = SPARED.iter().map(spare).collect::<Result<Vec<(usize, Outcome)>>>()?;
        progress.finish_and_clear();
        let exact = sensitivity.with(|_| false, |_| {})?;
        self.print(&alone, &spared, exact, images.len())
    }

    fn print(
        &self,
        alone: &[(SiteId, Outcome)],
        spared: &[(usize, Outcome)],
        exact: Outcome,
        images: usize,
    ) -> Result<()> {
        if self.json {
            let alone = alone.iter().map(|(site, found)| {
                json!({ "site": site.to_string(), "decibels": found.decibels, "correct": found.correct })
            });
            let spared = spared.iter().map(|(sites, found)| {
                json!({ "sites": sites, "decibels": found.decibels, "correct": found.correct })
            });
            let all = json!({
                "images": images,
                "float_correct": exact.correct,
                "alone": alone.collect::<Vec<_>>(),
                "spared": spared.collect::<Vec<_>>(),
            });
            return say!("{all}");
        }
        say!("float: {} of {images} correct", exact.correct)?;
        say!("\nlogits with eight bits at one site alone, worst first")?;
        for (site, found) in alone {
            say!("{:<24} {:6.1} dB  {} correct", site.to_string(), found.decibels, found.correct)?;
        }
        say!("\nlogits with eight bits at all sites except the worst ones")?;
        for (sites, found) in spared {
            say!("{sites:>3} not rounded {:6.1} dB  {} correct", found.decibels, found.correct)?;
        }
        Ok(())
    }
}
