//! Measures how much accuracy is lost with a residual stream of eight bits. The network of a blob runs
//! twice: as it is, and with the stream rounded to an 8-bit grid after every sum.
//!
//! ```text
//! cargo run -p export -- weights.safetensors int8.bin --preset compact --data DIR
//! cargo run -p export -- weights.safetensors f16.bin --preset compact --data DIR --precision f16
//! cargo run --release -p benches --example residual_width -- int8.bin f16.bin --data DIR
//! ```

mod grid;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use grid::{Grid, Histogram};
use runtime::kernels::Linear;
use runtime::{Kernels, Model};
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::thread;
use trainer::data::{self, Images, Reading};

/// Number of training images from which the grids are calibrated.
const CALIBRATION: usize = 512;
/// Seed of their choice.
const SEED: u64 = 1;

/// Compares a residual stream of sixteen bits with streams of eight.
#[derive(Debug, Parser)]
struct Cli {
    /// An int8 blob
    blob: PathBuf,
    /// The same network with f16 weights, which the logits are compared with
    real: PathBuf,
    /// Directory with the data that the network was trained on
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Number of test images whose logits are compared with those of the float network
    #[arg(long, value_name = "N", default_value_t = 1000)]
    compared: usize,
}

fn main() -> ExitCode {
    match compare(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("residual_width: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn compare(cli: &Cli) -> Result<()> {
    let (blob, real) = (read(&cli.blob)?, read(&cli.real)?);
    let model = Model::parse(&blob).with_context(|| cli.blob.display().to_string())?;
    let real = Model::parse_f16(&real).with_context(|| cli.real.display().to_string())?;
    let config = model.config().clone();
    ensure!(config == *real.config(), "the two blobs hold networks of different shapes");
    ensure!(
        !config.spec().mlp.second_gelu,
        "a network with a GELU after the second MLP layer cannot be measured"
    );
    let data = data::open(&cli.data, Reading::default())?;
    let len = config.image().len();
    ensure!(data.test.image_len() == len, "the network reads images of {len} bytes");
    let model = model.with_kernels(&KERNELS);

    let compared = data.test.take(cli.compared);
    let reals = real.run_batch(&compared.pixels(), |output| output.logits().to_vec())?;
    let reals: Vec<f64> = reals.into_iter().flatten().map(f64::from).collect();

    let counted = counted(&model, &data.train.sample(CALIBRATION, SEED));
    let mut total = Histogram::default();
    counted.iter().for_each(|histogram| total.merge(histogram));
    let each = counted.iter().map(Grid::nearest).collect();
    let one = vec![Grid::nearest(&total); counted.len()];
    println!(
        "{} sums, {} test images, logits of {}",
        counted.len(),
        data.test.len(),
        compared.len()
    );
    for (name, grids) in
        [("i16", vec![]), ("i8, one scale", one), ("i8, a scale for each sum", each)]
    {
        let logits = rounded(&model, &data.test, &grids);
        let classes = config.classes();
        let correct = logits
            .chunks(classes)
            .zip(data.test.labels())
            .filter(|(logits, label)| largest(logits) == usize::from(**label))
            .count();
        let share = 100.0 * correct as f64 / data.test.len() as f64;
        let decibels = signal_to_noise(&reals, &logits);
        println!("{name:24} {share:6.2} % correct, logits {decibels:5.1} dB");
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{}: cannot read the blob", path.display()))
}

/// The best kernels, with one change: [`STREAM`] counts or rounds every sum of the residual stream.
static KERNELS: LazyLock<Kernels> = LazyLock::new(|| Kernels {
    name: "stream watched",
    linear_add_i16: add_watched,
    ..*Kernels::best()
});

fn add_watched(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    (Kernels::best().linear_add_i16)(x, layer, out);
    STREAM.with_borrow_mut(|stream| stream.sum(out));
}

thread_local! {
    static STREAM: RefCell<Stream> = RefCell::default();
}

/// The residual stream of the image that a thread runs.
#[derive(Default)]
struct Stream {
    /// Number of values of the stream.
    len: usize,
    /// Number of values that sums have written so far; a stem writes its sum row by row.
    written: usize,
    /// Counts each sum's values.
    counted: Vec<Histogram>,
    /// Round the values of each sum; empty if nothing is rounded.
    grids: Vec<Grid>,
}

impl Stream {
    fn sum(&mut self, values: &mut [i16]) {
        let index = self.written / self.len;
        self.written += values.len();
        if let Some(grid) = self.grids.get(index) {
            values.iter_mut().for_each(|value| *value = grid.round(*value));
        }
        if let Some(histogram) = self.counted.get_mut(index) {
            histogram.add(values);
        }
    }
}

/// Logits of every `step`th image, from image `first` on.
fn run(model: &Model<'_>, images: &Images, (first, step): (usize, usize)) -> Vec<Vec<i32>> {
    let mut arena = vec![0; model.arena_len_fast()];
    let numbers = (first..images.len()).step_by(step);
    numbers
        .map(|number| {
            STREAM.with_borrow_mut(|stream| stream.written = 0);
            let output = model.run(images.image(number), &mut arena).expect("sizes that fit");
            output.logits().to_vec()
        })
        .collect()
}

/// The values of each sum of the stream.
fn counted(model: &Model<'_>, images: &Images) -> Vec<Histogram> {
    let config = model.config();
    // The embedding's sum, and two of every block.
    let sums = 1 + 2 * config.depth();
    let len = config.tokens() * config.dim();
    let counted = vec![Histogram::default(); sums];
    STREAM.set(Stream { len, counted, ..Stream::default() });
    run(model, images, (0, 1));
    STREAM.take().counted
}

/// Logits of all images, one after another, with each sum of the stream rounded to its grid.
fn rounded(model: &Model<'_>, images: &Images, grids: &[Grid]) -> Vec<i32> {
    let len = model.config().tokens() * model.config().dim();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<Vec<Vec<i32>>> = thread::scope(|scope| {
        let start = |first| {
            scope.spawn(move || {
                STREAM.set(Stream { len, grids: grids.to_vec(), ..Stream::default() });
                run(model, images, (first, threads))
            })
        };
        let handles: Vec<_> = (0..threads).map(start).collect();
        handles.into_iter().map(|handle| handle.join().expect("a thread that ends")).collect()
    });
    (0..images.len()).flat_map(|i| &parts[i % threads][i / threads]).copied().collect()
}

/// Index of the largest logit; of equal logits, the first one.
fn largest(logits: &[i32]) -> usize {
    (0..logits.len()).rev().max_by_key(|&class| logits[class]).unwrap_or(0)
}

/// Signal-to-noise ratio of `logits`, times the scale that fits `reals` best, in decibels.
fn signal_to_noise(reals: &[f64], logits: &[i32]) -> f64 {
    let pairs = || reals.iter().zip(logits).map(|(&real, &logit)| (real, f64::from(logit)));
    let sum = |product: fn((f64, f64)) -> f64| pairs().map(product).sum::<f64>();
    let (signal, own, common) =
        (sum(|(real, _)| real * real), sum(|(_, own)| own * own), sum(|(real, own)| real * own));
    10.0 * (signal / (signal - common * common / own)).log10()
}
