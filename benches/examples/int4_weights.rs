//! Measures how much accuracy is lost with weights of four bits. The weights of a network are rounded to
//! four bits, group by group. The resulting network is quantized and run like any other.
//!
//! ```text
//! cargo run --release -p benches --example int4_weights -- best.mpk --data DIR
//! cargo run --release -p benches --example int4_weights -- weights.safetensors --preset compact --data DIR
//! ```
//!
//! The first layer, depthwise convolutions and the class head have few weights and keep eight bits. A
//! group's weights share a scale of sixteen bits; biases are corrected for each scheme separately.

use anyhow::{Result, ensure};
use clap::Parser;
use export::assemble::assemble;
use export::blob::AnyModel;
use export::calibrate::{Observer, Ranges};
use export::float::{FloatModel, FloatNet, Layer};
use export::tune::correct_biases;
use export::verify::{Accuracy, classify};
use runtime::config::Preset;
use std::path::PathBuf;
use std::process::ExitCode;
use trainer::data::{self, Reading};
use trainer::import::{self, Options};

/// Training images that decide ranges and biases, and the seed of their choice.
const CALIBRATION: (usize, u64) = (512, 1);
/// Weights that share a scale.
const GROUPS: [Option<usize>; 5] = [None, Some(128), Some(64), Some(32), Some(16)];
/// Bits of a weight, and of a group's scale.
const BITS: [f64; 2] = [4.0, 16.0];
/// Largest magnitude of a weight of four bits.
const LARGEST: f64 = 7.0;
/// Number of limits that are tried for each group, from its largest weight down to about half of it. Larger
/// weights are cut off.
const CUTS: usize = 20;

/// Inputs of a depthwise convolution.
const DEPTHWISE_INPUTS: usize = 9;

/// Compares weights of four bits with weights of eight bits.
#[derive(Debug, Parser)]
struct Cli {
    /// A checkpoint of the trainer, or `PyTorch` weights with --preset
    record: PathBuf,
    /// Shape of `PyTorch` weights
    #[arg(long, value_parser = preset)]
    preset: Option<Preset>,
    /// Directory with the data that the network was trained on
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

fn preset(name: &str) -> Result<Preset> {
    Preset::by_name(name).ok_or_else(|| anyhow::anyhow!("there is no preset of that name"))
}

fn main() -> ExitCode {
    match compare(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("int4_weights: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn compare(cli: &Cli) -> Result<()> {
    let model = match cli.preset {
        None => FloatModel::load(&cli.record)?,
        preset => {
            let options = Options { preset, ..Options::default() };
            FloatModel::new(import::load(&cli.record, &options, &Default::default())?)
        }
    };
    let data = data::open(&cli.data, Reading::default())?;
    ensure!(data.test.image_len() == model.config().image().len(), "images of another size");
    let calibration = data.train.sample(CALIBRATION.0.min(data.train.len()), CALIBRATION.1);
    let ranges = Ranges::observe(&model, &calibration, Observer::default(), |_| {})?;
    let measure = |net: &mut FloatNet| -> Result<Accuracy> {
        correct_biases(&model, net, &ranges, &calibration, |_| {})?;
        let quantized = assemble(net, &ranges)?;
        let blob = AnyModel::parse(&quantized.blob)?;
        Ok(Accuracy::count(&classify(&blob, &data.test, |_| {})?, &data.test))
    };
    let mut net = model.weights()?;
    let rounded: usize = layers(&mut net).map(|(layer, _)| layer.weights.len()).sum();
    println!("{rounded} of {} weights", model.config().parameters());
    println!("{:24} {rounded:8} B  {}", "eight bits, a channel", measure(&mut net)?);
    for group in GROUPS {
        for cut in [false, true] {
            let mut net = model.weights()?;
            let mut groups = 0;
            for (layer, gain) in layers(&mut net) {
                groups += round(layer, gain.as_deref(), group, cut);
            }
            let bytes = (BITS[0] * rounded as f64 + BITS[1] * groups as f64) / 8.0;
            let of = group.map_or("a channel".to_owned(), |group| format!("{group} weights"));
            let name = format!("four bits, {of}{}", if cut { ", cut" } else { "" });
            println!("{name:24} {bytes:8.0} B  {}", measure(&mut net)?);
        }
    }
    Ok(())
}

/// The layers that are rounded, with the gain that is folded into their inputs.
fn layers(net: &mut FloatNet) -> impl Iterator<Item = (&mut Layer, Option<Vec<f64>>)> {
    let convs = net.convs.iter_mut().skip(1).filter(|conv| conv.inputs() != DEPTHWISE_INPUTS);
    let blocks = net.blocks.iter_mut().flat_map(|block| {
        let [first, second] = [&block.norm1, &block.norm2].map(|norm| Some(norm.gain.clone()));
        let qkv = block.qkv.iter_mut().map(move |layer| (layer, first.clone()));
        let rest = [(&mut block.project, None), (&mut block.mlp1, second), (&mut block.mlp2, None)];
        qkv.chain(rest)
    });
    convs.map(|conv| (conv, None)).chain(blocks)
}

/// Rounds a layer's weights with `gain` folded in, and returns the number of groups.
fn round(layer: &mut Layer, gain: Option<&[f64]>, group: Option<usize>, cut: bool) -> usize {
    let inputs = layer.inputs().max(1);
    let ones = vec![1.0; inputs];
    let gain = gain.unwrap_or(&ones);
    let mut groups = 0;
    for row in layer.weights.chunks_exact_mut(inputs) {
        let len = group.unwrap_or(inputs);
        for (weights, gain) in row.chunks_mut(len).zip(gain.chunks(len)) {
            let folded: Vec<f64> = weights.iter().zip(gain).map(|(w, gain)| w * gain).collect();
            let scale = scale(&folded, cut);
            for ((weight, folded), gain) in weights.iter_mut().zip(folded).zip(gain) {
                if *gain != 0.0 {
                    *weight = stored(folded, scale) / gain;
                }
            }
            groups += 1;
        }
    }
    groups
}

/// The step of a group. It fits the largest weight. If weights may be cut off, it has the smallest sum of
/// squared errors.
fn scale(weights: &[f64], cut: bool) -> f64 {
    let peak = weights.iter().fold(f64::MIN_POSITIVE, |peak, weight| peak.max(weight.abs()));
    let cuts = if cut { CUTS } else { 1 };
    let candidates =
        (0..cuts).map(|index| peak * (1.0 - 0.5 * index as f64 / CUTS as f64) / LARGEST);
    let loss = |scale: f64| -> f64 {
        weights.iter().map(|&weight| (stored(weight, scale) - weight).powi(2)).sum()
    };
    candidates.min_by(|&a, &b| loss(a).total_cmp(&loss(b))).unwrap_or(peak)
}

fn stored(weight: f64, scale: f64) -> f64 {
    (weight / scale).round_ties_even().clamp(-LARGEST, LARGEST) * scale
}
