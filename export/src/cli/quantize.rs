//! `export best.mpk model.bin`: a checkpoint becomes a blob, and both are measured.

use super::files::{parse, read};
use super::images::Network;
use super::progress::{bar, watched};
use super::values::positive;
use super::weights::WeightsArgs;
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use export::Method;
use export::assemble::{self, Quantized};
use export::blob::{AnyModel, rust_module};
use export::calibrate::{Observer, Ranges};
use export::float::FloatModel;
use export::report::{self, Classified, Report};
use export::verify::{self, Accuracy};
use output::{self, Replaces};
use serde::Serialize;
use std::path::PathBuf;
use trainer::data::Images;
use trainer::say;
use trainer::summary::grouped;

/// What an export reads and writes.
#[derive(Debug, Args)]
pub(super) struct ExportFiles {
    /// Checkpoint written by the trainer, such as best.mpk, or PyTorch weights as `import` reads them,
    /// such as weights.safetensors.
    checkpoint: PathBuf,
    /// Blob to write, such as model.bin.
    blob: PathBuf,
}

// Not in one struct with the files: clap treats an optional group that contains another one as absent.
#[derive(Debug, Args)]
pub(super) struct ExportOptions {
    #[command(flatten)]
    weights: WeightsArgs,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10.
    /// Without it, the built-in 5,000 training and 1,000 test images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Type of the numbers in the blob. int8: integers only. f16: weights in f16, computed in f32, for
    /// processors with a floating-point unit.
    #[arg(long, value_enum, default_value_t = Precision::Int8)]
    precision: Precision,
    /// Heads of the blob in addition to the class head. all: the attributes that `trainer attributes` has
    /// added to the checkpoint.
    #[arg(long, value_enum, default_value_t = Heads::None)]
    heads: Heads,
    /// Training images whose activations decide the scales of an int8 blob.
    #[arg(long, alias = "calibration-images", value_name = "N", default_value_t = 512,
          value_parser = positive)]
    calibration: usize,
    /// How the range of a scale is chosen from these activations.
    #[arg(long, value_enum, default_value_t)]
    observer: Observer,
    /// Keep the biases as they are. By default they are corrected, so that each channel has the same mean
    /// as in the float network.
    #[arg(long)]
    keep_biases: bool,
    /// Seed for the random choice of training images. The same options give the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of test images on which the float network and the blob are compared. By default all; 0 skips
    /// the comparison.
    #[arg(long, value_name = "N")]
    evaluate: Option<usize>,
    /// Directory for a page about the blob, with its sizes, ranges, errors, classes and pictures.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Rust module to write, such as src/model.rs. It holds the blob, the length of its arena and the
    /// names of its classes.
    #[arg(long, value_name = "FILE")]
    rust: Option<PathBuf>,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Precision {
    Int8,
    F16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Heads {
    None,
    All,
}

/// What an export prints.
#[derive(Serialize)]
struct Lines {
    precision: &'static str,
    float: Option<Accuracy>,
    blob: Option<Accuracy>,
    agreement: Option<Accuracy>,
    blob_bytes: usize,
    arena_bytes: usize,
    macs: u64,
}

/// What an export makes.
struct Made {
    blob: Vec<u8>,
    /// The ranges that decided the scales of an int8 blob, and the scales.
    calibrated: Option<(Ranges, Quantized)>,
}

/// An export with its files and options.
pub(super) struct Export {
    pub(super) files: ExportFiles,
    pub(super) options: ExportOptions,
}

impl Export {
    /// Refuses outputs that cannot be written, or that would replace foreign files.
    fn check_outputs(&self) -> Result<()> {
        let page = self.options.report.as_ref().map(|directory| directory.join(report::PAGE_FILE));
        let files = [Some(&self.files.blob), self.options.rust.as_ref(), page.as_ref()]
            .into_iter()
            .flatten();
        let files: Vec<_> = files.map(PathBuf::as_path).collect();
        output::refuse_inputs(&files, &[&self.files.checkpoint])?;
        let blob = |start: &[u8]| start.starts_with(&runtime::format::MAGIC);
        output::check(&self.files.blob, Replaces::Kind { name: "a blob", is: blob })?;
        if let Some(module) = &self.options.rust {
            let name = "a module that this command has written";
            output::check(module, Replaces::Kind { name, is: rust_module::is_module })?;
            rust_module::include_path(&self.files.blob, module)?;
        }
        if let Some(directory) = &self.options.report {
            let name = "a page that this command has written";
            let kind = Replaces::Kind { name, is: report::is_page };
            output::check_directory(directory, &[report::PAGE_FILE], kind)?;
        }
        Ok(())
    }

    pub(super) fn run(&self) -> Result<()> {
        self.check_outputs()?;
        let float = self.options.weights.float_model(&self.files.checkpoint)?;
        let float = self.with_heads(float)?;
        let network = Network::of_checkpoint(&self.files.checkpoint, &float);
        let data = network.dataset(self.options.data.as_deref())?;
        let made = self
            .make(&float, &data.train)
            .with_context(|| format!("cannot quantize {}", self.files.checkpoint.display()))?;
        output::write(&self.files.blob, &made.blob)?;

        // The file is read back, so that the report is about the written blob.
        let bytes = read(&self.files.blob)?;
        let model = parse(&self.files.blob, &bytes)?;
        let images = data.test.take(self.options.evaluate.unwrap_or(usize::MAX));
        let classified =
            (!images.is_empty()).then(|| classify(&float, &model, images)).transpose()?;
        if let Some(path) = &self.options.rust {
            output::write(path, rust_module::source(&model, &self.files.blob, path)?.as_bytes())?;
        }
        if let Some(directory) = &self.options.report {
            let report = Report {
                float: &float,
                model: &model,
                blob_bytes: bytes.len(),
                calibrated: made.calibrated.as_ref().map(|(ranges, made)| (ranges, made)),
                data: &data,
                classified: classified.as_ref(),
            };
            report::write(&report, directory)?;
        }
        self.print(&model, bytes.len(), classified.as_ref())
    }

    /// The network with the heads that the blob gets.
    fn with_heads(&self, float: FloatModel) -> Result<FloatModel> {
        if self.options.heads == Heads::None {
            return Ok(float.without_attributes());
        }
        ensure!(
            self.options.precision == Precision::Int8,
            "--heads all needs --precision int8: a blob with f16 weights has no attributes"
        );
        ensure!(
            float.attributes().is_some(),
            "{} has no attributes: add some with `trainer attributes`",
            self.files.checkpoint.display()
        );
        Ok(float)
    }

    fn make(&self, float: &FloatModel, train: &Images) -> Result<Made> {
        if self.options.precision == Precision::F16 {
            let blob = assemble::assemble_f16(&float.weights()?)?;
            return Ok(Made { blob, calibrated: None });
        }
        let images = train.sample(self.options.calibration, self.options.seed);
        let method =
            Method { observer: self.options.observer, correct_biases: !self.options.keep_biases };
        let (ranges, quantized) = export::quantize(float, &images, method, watched)?;
        Ok(Made { blob: quantized.blob.clone(), calibrated: Some((ranges, quantized)) })
    }

    fn print(
        &self,
        model: &AnyModel<'_>,
        blob_bytes: usize,
        classified: Option<&Classified>,
    ) -> Result<()> {
        let lines = Lines {
            precision: model.precision(),
            float: classified.map(|found| Accuracy::count(&found.float, &found.images)),
            blob: classified.map(|found| Accuracy::count(&found.blob, &found.images)),
            agreement: classified.map(|found| Accuracy::agreement(&found.float, &found.blob)),
            blob_bytes,
            arena_bytes: model.arena_len(),
            macs: model.config().macs(),
        };
        if self.options.json {
            return say!("{}", serde_json::to_string(&lines)?);
        }
        let accuracy = format!("{} accuracy", lines.precision);
        for (name, value) in [
            ("float accuracy", lines.float),
            (accuracy.as_str(), lines.blob),
            ("agreement", lines.agreement),
        ] {
            if let Some(value) = value {
                say!("{name} {value}")?;
            }
        }
        say!("blob {} bytes, {}", grouped(lines.blob_bytes as u64), self.files.blob.display())?;
        say!("arena {} bytes", grouped(lines.arena_bytes as u64))?;
        say!("MACs {}", grouped(lines.macs))?;
        if let Some(directory) = &self.options.report {
            say!("report {}", directory.join(report::PAGE_FILE).display())?;
        }
        Ok(())
    }
}

/// The classes that the float network and the blob give to test images.
fn classify(float: &FloatModel, model: &AnyModel<'_>, images: Images) -> Result<Classified> {
    let progress = bar("float", images.len());
    let reference = float.classify(&images, |images| progress.inc(images as u64))?;
    progress.finish_and_clear();
    let progress = bar(model.precision(), images.len());
    let blob = verify::classify(model, &images, |images| progress.inc(images as u64))?;
    progress.finish_and_clear();
    Ok(Classified { images, float: reference, blob })
}
