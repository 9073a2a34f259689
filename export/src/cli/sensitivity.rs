//! `export sensitivity best.mpk`: which activations lose most by eight bits.

use super::files::float_model;
use super::images::{check_classes, dataset};
use super::progress::{bar, watched};
use super::values::{positive, preset_parser};
use anyhow::{Result, ensure};
use clap::Args;
use export::Method;
use export::calibrate::Observer;
use export::verify::{Outcome, Sensitivity};
use runtime::config::Preset;
use runtime::site::SiteId;
use serde_json::json;
use std::path::PathBuf;

/// How many of the worst sites get sixteen bits together, one trial each.
const SPARED: [usize; 6] = [0, 1, 2, 4, 8, 16];

#[derive(Debug, Args)]
pub(super) struct SensitivityArgs {
    /// Checkpoint written by the trainer, or PyTorch weights as `import` reads them.
    checkpoint: PathBuf,
    /// Shape of PyTorch weights. It may be left out if their file describes it.
    #[arg(long, value_parser = preset_parser())]
    preset: Option<Preset>,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10.
    /// Without it, the built-in images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Training images whose activations decide the scales.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = positive)]
    calibration: usize,
    /// How the scales follow from those activations.
    #[arg(long, value_enum, default_value_t)]
    observer: Observer,
    /// Further training images, on which the loss is measured.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = positive)]
    images: usize,
    /// Seed of the choice of training images.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl SensitivityArgs {
    pub(super) fn run(&self) -> Result<()> {
        let float = float_model(&self.checkpoint, self.preset)?;
        let data = dataset(self.data.as_deref(), Some(float.source()), float.classes().len())?;
        check_classes(
            &data,
            float.classes().iter().map(|name| Some(name.as_str())),
            &self.checkpoint,
        )?;
        // The sample is in random order: its start calibrates, what follows measures.
        let sample = data.train.sample(self.calibration + self.images, self.seed);
        let calibration = sample.take(self.calibration);
        let images = sample.subset(&(calibration.len()..sample.len()).collect::<Vec<_>>());
        ensure!(
            !images.is_empty(),
            "there are only {} training images, and --calibration takes them all: give it fewer, so that some \
             are left to measure on",
            sample.len()
        );
        // Biases play no part in a simulation that leaves the layers as they are.
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
        self.print(&alone, &spared, exact, images.len());
        Ok(())
    }

    fn print(
        &self,
        alone: &[(SiteId, Outcome)],
        spared: &[(usize, Outcome)],
        exact: Outcome,
        images: usize,
    ) {
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
            println!("{all}");
            return;
        }
        println!("float: {} of {images} correct", exact.correct);
        println!("\nlogits with eight bits at one site alone, worst first");
        for (site, found) in alone {
            println!(
                "{:<24} {:6.1} dB  {} correct",
                site.to_string(),
                found.decibels,
                found.correct
            );
        }
        println!("\nlogits with eight bits everywhere but at the worst sites");
        for (sites, found) in spared {
            println!("{sites:>3} spared {:6.1} dB  {} correct", found.decibels, found.correct);
        }
    }
}
