//! A descriptor as it would be without rounding.

use super::features::Place;
use super::matrix::{Matrix, dot};
use anyhow::{Context, Result};
use runtime::descriptor_record;
use runtime::format::{I32Le, PartRecord, RequantRecord};

/// The head of a blob in real numbers. Its inputs are the integers of the network. Nothing after the inputs is rounded
/// or limited, except that the weight of the class part is limited.
#[derive(Clone, Debug)]
pub struct RealDescriptor {
    place: Place,
    /// Bias and factor of each channel of a cell.
    channels: Vec<(f64, f64)>,
    appearance: RealPart,
    class: RealPart,
    /// A class part for each class of the network, `[classes, values]`.
    known: Matrix,
    known_bias: Vec<f64>,
    known_factor: f64,
}

/// One part of the fingerprint.
#[derive(Clone, Debug)]
struct RealPart {
    /// `[values, inputs]`.
    weights: Matrix,
    /// Bias and factor of each value.
    outputs: Vec<(f64, f64)>,
    /// Standard deviation of a vector.
    steps: f64,
}

impl RealDescriptor {
    /// The descriptor of a blob; `None` if it has none. [`runtime::Descriptor::parse`] checks it.
    ///
    /// # Errors
    /// If the blob is not valid.
    pub fn of(blob: &[u8]) -> Result<Option<Self>> {
        let Some(record) = descriptor_record(blob)? else { return Ok(None) };
        let class = RealPart::new(&record.class)?;
        let known = &record.known;
        Ok(Some(Self {
            place: Place { block: record.block, cells: record.cells },
            channels: outputs(record.bias, record.mult, record.shift)?,
            appearance: RealPart::new(&record.appearance)?,
            known: matrix(known.weights, class.outputs.len()),
            class,
            known_bias: words(known.bias)?,
            known_factor: factor(known.probability),
        }))
    }

    /// The place in the network that the appearance part reads.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The class part for an embedding, and its weight, 0 to 255/256.
    pub fn class(&self, embedding: &[i8]) -> (Vec<f64>, f64) {
        let inputs: Vec<f64> = embedding.iter().map(|&value| value.into()).collect();
        let vector = self.class.vector(&inputs);
        let near = self.known.apply(&vector).into_iter().zip(&self.known_bias);
        let nearest = near.map(|(near, bias)| near + bias).fold(f64::NEG_INFINITY, f64::max);
        (vector, (nearest * self.known_factor).clamp(0.0, 255.0) / 256.0)
    }

    /// The appearance part for the sums of cells.
    pub fn appearance(&self, sums: &[i32]) -> Vec<f64> {
        let inputs = sums.iter().zip(self.channels.iter().cycle());
        let inputs = inputs.map(|(&sum, (bias, factor))| (f64::from(sum) + bias) * factor);
        self.appearance.vector(&inputs.collect::<Vec<_>>())
    }
}

impl RealPart {
    fn new(record: &PartRecord<'_>) -> Result<Self> {
        let layer = &record.layer;
        let outputs = outputs(layer.bias, layer.mult, layer.shift)?;
        let inputs = layer.weights.len() / outputs.len();
        let steps = RequantRecord { mult: record.norm.mult, shift: record.norm.shift };
        Ok(Self { weights: matrix(layer.weights, inputs), outputs, steps: factor(steps) })
    }

    fn vector(&self, inputs: &[f64]) -> Vec<f64> {
        let sums = self.weights.apply(inputs).into_iter().zip(&self.outputs);
        let values: Vec<f64> = sums.map(|(sum, (bias, factor))| (sum + bias) * factor).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let centred: Vec<f64> = values.into_iter().map(|value| value - mean).collect();
        let deviation = (dot(&centred, &centred) / count).sqrt().max(f64::MIN_POSITIVE);
        centred.into_iter().map(|value| value / deviation * self.steps).collect()
    }
}

fn matrix(weights: &[u8], columns: usize) -> Matrix {
    let value = |&weight: &u8| f64::from(weight.cast_signed());
    Matrix::from_rows(
        columns,
        weights.chunks_exact(columns).map(|row| row.iter().map(value).collect::<Vec<_>>()),
    )
}

fn factor(requant: RequantRecord) -> f64 {
    f64::from(requant.mult) * (-f64::from(requant.shift)).exp2()
}

/// Bias and factor of each output.
fn outputs(bias: &[u8], mult: &[u8], shift: &[u8]) -> Result<Vec<(f64, f64)>> {
    let factors = words(mult)?.into_iter().zip(shift);
    let factors = factors.map(|(mult, &shift)| mult * (-f64::from(shift)).exp2());
    Ok(words(bias)?.into_iter().zip(factors).collect())
}

fn words(bytes: &[u8]) -> Result<Vec<f64>> {
    let words = I32Le::new(bytes).context("a part of a word")?;
    Ok(words.iter().map(f64::from).collect())
}
