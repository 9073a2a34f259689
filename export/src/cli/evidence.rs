//! `export evidence model.bin`: measures where a network finds the evidence for its classes.

use super::files::{parse, read};
use super::images::Network;
use super::progress::bar;
use super::table;
use super::values::positive;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use export::blob::AnyModel;
use export::evidence::{self, AttributePointing, Blanked, Control, Fill, Grids, Left, MapKind};
use export::float::FloatModel;
use export::verify::{Accuracy, Truth, classify};
use runtime::explain::Floor;
use runtime::{Attributes, Model};
use serde_json::json;
use std::path::PathBuf;
use trainer::data::Images;
use trainer::evidence::Half;
use trainer::say;

/// Measures where in an image a network finds the evidence for a class.
///
/// There are three tests, all on test images.
///
/// Grid pointing: four images of four classes are halved in width and height, and form one image. The test
/// measures which share of the positive evidence for a class lies on the image of that class.
///
/// Boxes: on the same grids, the box of the largest object of a class is compared with the image of that
/// class, as intersection over union. An object is connected tokens above a floor.
///
/// Blanking: the tokens of an image are sorted by their evidence for the predicted class. The pixels of the
/// half with the least or with the most evidence are replaced: by the mean colour of the image, by the blurred
/// image, or by another image of another class. The test counts the images that are still classified
/// correctly. Two maps that do not depend on the image serve as a comparison.
///
/// If the blob has attributes, they are judged on the same images. On grids, the share of the positive evidence
/// for an attribute on the images that have it is measured. After blanking, the mean average precision of the
/// attributes is compared with that of sums of class probabilities.
///
/// The evidence is exact for the logit: the evidence of all tokens and the bias sum to it. But earlier
/// layers have mixed the tokens by attention. So the evidence of a token does not prove what its pixels
/// alone would do. A control measures the mixing: one image of a grid is left, and the other three become its
/// mean colour. The evidence on the image that is left changes, although its pixels are the same.
#[derive(Debug, Args)]
pub(super) struct EvidenceArgs {
    /// Int8 blob to measure; its class head must read the mean of the tokens.
    blob: PathBuf,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10.
    /// Without it, the built-in 1,000 test images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Table that says which images have which attributes, as `trainer attributes` reads it; for a blob with
    /// attributes.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Checkpoint of the same network. With it, the command also prints how the evidence changes if attention between
    /// the four images of a grid is masked, which only the float network can do.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Number of grids of four images, at most.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = positive)]
    grids: usize,
    /// Number of test images for blanking: the first ones are used.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = positive)]
    images: usize,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

/// The floors of objects, and their names in tables.
const FLOORS: [(Floor, &str); 2] =
    [(Floor::Mean, "tokens above the mean"), (Floor::Zero, "all positive tokens")];

/// Images by which a checkpoint is recognized as that of a blob, and the percentage of them with the same class.
const COMPARED: usize = 200;
const MIN_AGREEMENT: f64 = 95.0;

/// Shares of positive evidence on the right image, 0 to 1, for each kind of map.
struct Pointing {
    /// What the grids are made of.
    selection: &'static str,
    grids: usize,
    shares: Vec<(MapKind, f64)>,
    /// Intersection over union of boxes and images, 0 to 1, for each floor of [`FLOORS`].
    boxes: [f64; FLOORS.len()],
    /// What is found if the grid has only the right image.
    control: Control,
    /// What the float network finds with masked attention.
    masked: Option<Control>,
    /// Of a blob with attributes.
    attributes: Option<AttributePointing>,
}

impl EvidenceArgs {
    pub(super) fn run(&self) -> Result<()> {
        let bytes = read(&self.blob)?;
        let context = || format!("cannot measure {}", self.blob.display());
        let any = parse(&self.blob, &bytes)?;
        let AnyModel::Int8(model) = &any else {
            bail!("{}: an f16 blob has no evidence; export it as int8", context());
        };
        let network = Network::of_blob(&self.blob, model.config(), |class| model.class_name(class));
        let data = network.dataset(self.data.as_deref())?;
        let images = data.test.take(self.images);
        let head = any.attributes()?;
        let paths = (self.table.as_deref(), self.data.as_deref());
        let truth = head
            .as_ref()
            .map(|head| table::truth((&any, head), paths, &images, &data.classes))
            .transpose()?;
        let known = head.as_ref().zip(truth.as_ref());
        let float = self.float(&any, &data.test)?;
        let pointing =
            self.pointing((model, float.as_ref()), &data.test, known).with_context(context)?;
        let progress = bar("blanking", images.len());
        let grid = evidence::token_grid(model)?;
        let blanked =
            evidence::blanking(model, &images, grid, known, |count| progress.inc(count as u64))?;
        progress.finish_and_clear();
        if self.json {
            say!("{}", object(&pointing, &blanked))
        } else {
            print_pointing(&pointing)?;
            print_blanking(&blanked)
        }
    }

    /// The float network of `--checkpoint`.
    fn float(&self, model: &AnyModel<'_>, images: &Images) -> Result<Option<FloatModel>> {
        let Some(path) = &self.checkpoint else { return Ok(None) };
        let float = FloatModel::load(path)?;
        // Networks of one shape may have other values.
        let same = float.config() == model.config() && {
            let images = images.take(COMPARED.min(images.len()));
            let found = classify(model, &images, |_| {})?;
            let agreement = Accuracy::agreement(&float.classify(&images, |_| {})?, &found);
            agreement.percent() >= MIN_AGREEMENT
        };
        ensure!(
            same,
            "{} is not the network of {}: give the checkpoint that the blob was exported from",
            path.display(),
            self.blob.display()
        );
        Ok(Some(float))
    }

    /// Tests grids of all images that are classified correctly, then grids of the quarter of them with the
    /// highest probability.
    fn pointing(
        &self,
        (model, float): (&Model<'_>, Option<&FloatModel>),
        images: &Images,
        known: Option<(&Attributes<'_>, &Truth)>,
    ) -> Result<[Pointing; 2]> {
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
            let [mean, zero] = FLOORS.map(|(floor, _)| grids.boxes(model, floor));
            let (boxes, control) = ([mean?, zero?], grids.control(model, grid)?);
            let masked = match float {
                Some(float) => {
                    let progress = bar("masking attention", grids.len());
                    let masked = grids.masked(float, grid, |count| progress.inc(count as u64))?;
                    progress.finish_and_clear();
                    Some(masked)
                }
                None => None,
            };
            let attributes = match known {
                Some(known) => grids.attributes(model, grid, known, |_| {})?,
                None => None,
            };
            Ok(Pointing {
                selection,
                grids: grids.len(),
                shares,
                boxes,
                control,
                masked,
                attributes,
            })
        };
        Ok([measure("all", &right)?, measure("certain", certain)?])
    }
}

fn print_pointing(pointing: &[Pointing; 2]) -> Result<()> {
    let [all, certain] = pointing;
    say!("grid pointing: positive evidence on the right one of four images, 25 % by chance")?;
    say!(
        "{:<22}{:>14}{:>18}",
        "",
        format!("{} grids", all.grids),
        format!("{} most certain", certain.grids)
    )?;
    let line = |name: &str, all: f64, certain: f64| {
        say!("  {name:<21}{:>11.1} %{:>16.1} %", 100.0 * all, 100.0 * certain)
    };
    for ((kind, all), (_, certain)) in all.shares.iter().zip(&certain.shares) {
        line(kind.name(), *all, *certain)?;
    }
    line("one image alone", all.control.share, certain.control.share)?;
    say!()?;
    say!(
        "control: change of the evidence on an image when the other three become its mean colour"
    )?;
    line("changed", all.control.changed, certain.control.changed)?;
    if let (Some(all), Some(certain)) = (all.masked, certain.masked) {
        say!()?;
        say!("control: attention between the four images is masked, float network")?;
        line("evidence", all.share, certain.share)?;
        line("changed", all.changed, certain.changed)?;
    }
    say!()?;
    say!(
        "boxes: intersection over union with the right one of four images, 25 % for the whole grid"
    )?;
    for (at, (_, name)) in FLOORS.iter().enumerate() {
        line(name, all.boxes[at], certain.boxes[at])?;
    }
    let (Some(all), Some(certain)) = (&all.attributes, &certain.attributes) else { return Ok(()) };
    say!()?;
    say!("attributes: positive evidence on the images of a grid that have the attribute")?;
    for ((kind, all), (_, certain)) in all.shares.iter().zip(&certain.shares) {
        line(kind.name(), *all, *certain)?;
    }
    line("by chance", all.chance, certain.chance)
}

fn print_blanking(blanked: &Blanked) -> Result<()> {
    let Blanked { images, whole, attributes, left } = blanked;
    say!()?;
    say!(
        "blanking: {:.1} % of {images} images are correct as they are; with one half replaced by:",
        100.0 * whole
    )?;
    print_ways(left, |left| format!("{:.1} %", 100.0 * left.accuracy))?;
    let Some(whole) = attributes else { return Ok(()) };
    let shown = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.4}"));
    say!()?;
    say!(
        "attributes: mean average precision {} as they are; with one half replaced by:",
        shown(whole.attributes)
    )?;
    print_ways(left, |left| shown(left.attributes.and_then(|found| found.attributes)))?;
    say!()?;
    say!(
        "attributes from class probabilities: {} as they are; with one half replaced by:",
        shown(whole.from_classes)
    )?;
    print_ways(left, |left| shown(left.attributes.and_then(|found| found.from_classes)))
}

/// A table of one value for each way of blanking.
fn print_ways(left: &[Left], value: impl Fn(&Left) -> String) -> Result<()> {
    let fills = Fill::ALL.map(|fill| format!("{:>20}", fill.name())).concat();
    say!("{:<22}{fills}", "")?;
    say!("{:<22}{}", "", format!("{:>10}{:>10}", "least", "most").repeat(Fill::ALL.len()))?;
    for map in MapKind::ALL {
        let mut line = format!("  {:<20}", map.name());
        for fill in Fill::ALL {
            for half in Half::ALL {
                let of = |left: &&Left| (left.map, left.fill, left.half) == (map, fill, half);
                let value = left.iter().find(of).map_or_else(|| "-".into(), &value);
                line += &format!("{value:>10}");
            }
        }
        say!("{line}")?;
    }
    Ok(())
}

fn object(pointing: &[Pointing; 2], blanked: &Blanked) -> serde_json::Value {
    let pointing = pointing.each_ref().map(|found| {
        let shares = found.shares.iter().map(|(map, share)| json!({ "map": map, "share": share }));
        json!({
            "selection": found.selection,
            "grids": found.grids,
            "shares": shares.collect::<Vec<_>>(),
            "one_image_alone": found.control.share,
            "changed_by_other_images": found.control.changed,
            "masked_attention": found.masked,
            "boxes": { "above_mean": found.boxes[0], "above_zero": found.boxes[1] },
            "attributes": found.attributes,
        })
    });
    json!({ "pointing": pointing, "blanking": blanked })
}
