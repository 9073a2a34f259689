//! `export evidence model.bin`: whether a blob is right for the right reason.

use super::files::{parse, read};
use super::images::{check_classes, dataset};
use super::progress::bar;
use super::values::positive;
use anyhow::{Context, Result, bail};
use clap::Args;
use export::blob::AnyModel;
use export::evidence::{self, Fill, Grids, Half, Left, MapKind};
use runtime::Model;
use serde_json::json;
use std::path::PathBuf;
use trainer::data::Images;

/// Measures where a blob sees the evidence for its classes.
///
/// Two tests, on test images. Grid pointing: four images of four classes at half their size make one
/// image; the share of positive evidence that lies on the right one is counted. Blanking: the half of each
/// image that has the least or the most evidence for the class found is replaced, and the images that
/// are still classified correctly are counted. Maps that know nothing of the image stand beside it.
///
/// The evidence is exact for the logit: with the bias, it sums to it. Attention has mixed the tokens
/// before, so that it does not prove what the pixels of one token alone would do.
#[derive(Debug, Args)]
pub(super) struct EvidenceArgs {
    /// Int8 blob to measure; its class head must read the mean of the tokens.
    blob: PathBuf,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10.
    /// Without it, the built-in 1,000 test images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Grids of four images.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = positive)]
    grids: usize,
    /// Test images to blank, the first ones.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = positive)]
    images: usize,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

/// Shares of positive evidence on the right image, 0 to 1, for each kind of map.
struct Pointing {
    /// What the grids are made of.
    selection: &'static str,
    grids: usize,
    shares: Vec<(MapKind, f64)>,
    /// With nothing but the right image in the grid.
    alone: f64,
}

impl EvidenceArgs {
    pub(super) fn run(&self) -> Result<()> {
        let bytes = read(&self.blob)?;
        let shown = || format!("cannot measure {}", self.blob.display());
        let AnyModel::Int8(model) = parse(&self.blob, &bytes)? else {
            bail!("{}: an f16 blob has no evidence; export it as int8", shown());
        };
        let data = dataset(self.data.as_deref(), None, model.config().classes())?;
        let names = (0..model.config().classes()).map(|class| model.class_name(class));
        check_classes(&data, names, &self.blob)?;
        let pointing = self.pointing(&model, &data.test).with_context(shown)?;
        let images = data.test.take(self.images);
        let progress = bar("blanking", images.len());
        let grid = evidence::token_grid(&model)?;
        let (whole, left) =
            evidence::blanking(&model, &images, grid, |count| progress.inc(count as u64))?;
        progress.finish_and_clear();
        if self.json {
            println!("{}", object(&pointing, images.len(), whole, &left));
        } else {
            print_pointing(&pointing);
            print_blanking(images.len(), whole, &left);
        }
        Ok(())
    }

    /// Grids of all images that are classified correctly, and of the most certain ones.
    fn pointing(&self, model: &Model<'_>, images: &Images) -> Result<[Pointing; 2]> {
        let grid = evidence::token_grid(model)?;
        let progress = bar("classifying", images.len());
        let right = evidence::recognized(model, images, |count| progress.inc(count as u64))?;
        progress.finish_and_clear();
        let certain = &right[..right.len().div_ceil(4)];
        let measure = |selection, candidates: &[usize]| -> Result<Pointing> {
            let grids = Grids::new(images, candidates, self.grids)?;
            let progress = bar("pointing", grids.len());
            let shares = grids.pointing(model, grid, |count| progress.inc(count as u64))?;
            progress.finish_and_clear();
            let alone = grids.pointing_alone(model, grid)?;
            Ok(Pointing { selection, grids: grids.len(), shares, alone })
        };
        Ok([measure("all", &right)?, measure("certain", certain)?])
    }
}

fn print_pointing(pointing: &[Pointing; 2]) {
    let [all, certain] = pointing;
    println!("grid pointing: positive evidence on the right one of four images, 25 % by chance");
    println!(
        "{:<22}{:>14}{:>18}",
        "",
        format!("{} grids", all.grids),
        format!("{} of certain", certain.grids)
    );
    let line = |name: &str, all: f64, certain: f64| {
        println!("  {name:<20}{:>12.1} %{:>16.1} %", 100.0 * all, 100.0 * certain);
    };
    for ((kind, all), (_, certain)) in all.shares.iter().zip(&certain.shares) {
        line(kind.name(), *all, *certain);
    }
    line("one image alone", all.alone, certain.alone);
}

fn print_blanking(images: usize, whole: f64, left: &[Left]) {
    println!();
    println!(
        "blanking: {:.1} % of {images} images are right as they are; with one half blanked",
        100.0 * whole
    );
    println!("{:<22}{:>20}{:>20}", "", Fill::Mean.name(), Fill::Blur.name());
    println!("{:<22}{:>10}{:>10}{:>10}{:>10}", "", "least", "most", "least", "most");
    for map in MapKind::ALL {
        print!("  {:<20}", map.name());
        for fill in Fill::ALL {
            for half in Half::ALL {
                let of = |left: &&Left| (left.map, left.fill, left.half) == (map, fill, half);
                let accuracy = left.iter().find(of).map_or(f64::NAN, |left| left.accuracy);
                print!("{:>8.1} %", 100.0 * accuracy);
            }
        }
        println!();
    }
}

fn object(pointing: &[Pointing; 2], images: usize, whole: f64, left: &[Left]) -> serde_json::Value {
    let pointing = pointing.each_ref().map(|found| {
        let shares = found.shares.iter().map(|(map, share)| json!({ "map": map, "share": share }));
        json!({
            "selection": found.selection,
            "grids": found.grids,
            "shares": shares.collect::<Vec<_>>(),
            "one_image_alone": found.alone,
        })
    });
    json!({
        "pointing": pointing,
        "blanking": { "images": images, "whole": whole, "left": left },
    })
}
