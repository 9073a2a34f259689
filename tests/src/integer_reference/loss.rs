//! The rounding loss of each stage: the difference between its stored output and the real numbers that the
//! same input integers give without rounding.
//!
//! Only this file uses floats. A stage reads what the stage before it stored, so that losses do not add up.
//! Saturation is part of the definition of a stage, so it is not a loss.

use super::blob::{Block, Factor, Norm, Z};
use super::layers::Tensor;
use super::{Answer, IntegerReference};
use std::collections::BTreeMap;

/// Distances between stored integers and real numbers, in steps of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// Number of values.
    pub values: usize,
    /// Largest distance.
    pub largest: f64,
    squares: f64,
}

impl Loss {
    /// Square root of the mean squared distance.
    pub fn root_mean_square(&self) -> f64 {
        (self.squares / self.values as f64).sqrt()
    }

    /// Adds the values of another run.
    pub fn merge(&mut self, other: Self) {
        self.values += other.values;
        self.largest = self.largest.max(other.largest);
        self.squares += other.squares;
    }

    fn add(&mut self, stored: Z, real: f64, (min, max): (f64, f64)) {
        let distance = (stored as f64 - real.clamp(min, max)).abs();
        self.values += 1;
        self.largest = self.largest.max(distance);
        self.squares += distance * distance;
    }
}

const I8: (f64, f64) = (-128.0, 127.0);
const I16: (f64, f64) = (-32_768.0, 32_767.0);
const U16: (f64, f64) = (0.0, 65_535.0);

impl IntegerReference {
    /// Losses of the stages by name, of a run of this network.
    ///
    /// # Panics
    /// If `answer` is another network's.
    pub fn losses(&self, answer: &Answer) -> BTreeMap<&'static str, Loss> {
        let sites = answer.sites.iter().map(|site| (site.name.as_str(), &site.values[..]));
        let mut pass = Pass { reference: self, sites: sites.collect(), losses: BTreeMap::new() };
        let mut stream = String::from("embed");
        for (index, block) in self.blob.blocks.iter().enumerate() {
            stream = pass.block(index, block, &stream);
        }
        pass.last_norm(&stream);
        pass.outputs(answer);
        pass.losses
    }
}

struct Pass<'a> {
    reference: &'a IntegerReference,
    sites: BTreeMap<&'a str, &'a [Z]>,
    losses: BTreeMap<&'static str, Loss>,
}

impl<'a> Pass<'a> {
    fn site(&self, name: &str) -> &'a [Z] {
        self.sites.get(name).unwrap_or_else(|| panic!("no site {name}"))
    }

    fn compare(
        &mut self,
        stage: &'static str,
        stored: &[Z],
        reals: impl IntoIterator<Item = f64>,
        range: (f64, f64),
    ) {
        let loss = self.losses.entry(stage).or_default();
        let before = loss.values;
        for (&stored, real) in stored.iter().zip(reals) {
            loss.add(stored, real, range);
        }
        assert_eq!(loss.values - before, stored.len(), "values of {stage}");
    }

    /// Returns the name of the stream that the block leaves.
    fn block(&mut self, index: usize, block: &Block, stream: &str) -> String {
        let name = |at: &str| format!("block.{index}.{at}");
        let spec = &self.reference.blob.spec;
        let (dim, width) = (spec.dim, spec.heads * spec.head_dim);
        let normed = self.site(&name("norm1"));
        self.norm(self.site(stream), &block.norm1, normed);
        let qkv = Tensor::tokens(normed.to_vec(), dim).linear(&block.qkv);
        let factor = |j: usize| real((block.qkv.mult[j], block.qkv.shift[j]));
        for (third, at) in ["query", "key", "value"].iter().enumerate() {
            let rows = qkv.values.chunks_exact(3 * width);
            let columns = third * width..(third + 1) * width;
            let reals: Vec<f64> =
                rows.flat_map(|row| columns.clone().map(|j| row[j] as f64 * factor(j))).collect();
            self.compare("projection", self.site(&name(at)), reals, I8);
        }
        self.attention(index, block);
        let (before, after) = (self.site(stream), self.site(&name("attention")));
        self.sum(before, Tensor::tokens(self.site(&name("context")).to_vec(), width), index, after);
        self.norm(after, &block.norm2, self.site(&name("norm2")));
        name("output")
    }

    fn norm(&mut self, stream: &[Z], norm: &Norm, stored: &[Z]) {
        let scale = real((norm.mult, norm.shift));
        let rows = stream.chunks_exact(self.reference.blob.spec.dim);
        let reals = rows.flat_map(|row| normalised(row, norm.eps));
        let reals: Vec<f64> = reals.map(|x| norm.zero_point as f64 + x * scale).collect();
        self.compare("block normalisation", stored, reals, I8);
    }

    fn attention(&mut self, index: usize, block: &Block) {
        let [query, key, value, stored] = ["query", "key", "value", "context"]
            .map(|at| self.site(&format!("block.{index}.{at}")));
        let (heads, head_dim) = (self.reference.blob.spec.heads, self.reference.blob.spec.head_dim);
        let width = heads * head_dim;
        let (rescale, zero_point) = (real(block.context.0), block.context.1 as f64);
        let octaves = real((block.mult_e, 28));
        let mut reals = Vec::new();
        for query in query.chunks_exact(width) {
            for head in 0..heads {
                let part = head * head_dim..(head + 1) * head_dim;
                let dot = |key: &[Z]| -> Z {
                    query[part.clone()].iter().zip(&key[part.clone()]).map(|(q, k)| q * k).sum()
                };
                let scores: Vec<Z> = key.chunks_exact(width).map(dot).collect();
                let highest = scores.iter().max().expect("at least one token");
                let e: Vec<f64> =
                    scores.iter().map(|s| (-((highest - s) as f64) * octaves).exp2()).collect();
                let sum: f64 = e.iter().sum();
                for i in part {
                    let values = value.iter().skip(i).step_by(width);
                    let mean = e.iter().zip(values).map(|(e, &v)| e * v as f64).sum::<f64>() / sum;
                    reals.push(zero_point + mean * rescale);
                }
            }
        }
        self.compare("attention", stored, reals, I8);
    }

    /// The output projection of block `index` added to the stream.
    fn sum(&mut self, before: &[Z], x: Tensor, index: usize, after: &[Z]) {
        let layer = &self.reference.blob.blocks[index].project;
        let acc = x.linear(layer).values;
        let reals = before.iter().zip(acc).enumerate().map(|(at, (&before, acc))| {
            let j = at % layer.bias.len();
            before as f64 + acc as f64 * real((layer.mult[j], layer.shift[j]))
        });
        let reals: Vec<f64> = reals.collect();
        self.compare("residual sum", after, reals, I16);
    }

    fn last_norm(&mut self, stream: &str) {
        let end = &self.reference.blob.end;
        let rows = self.site(stream).chunks_exact(self.reference.blob.spec.dim);
        let mut reals = Vec::new();
        for row in rows {
            let affine = normalised(row, end.eps).zip(&end.gamma).zip(&end.beta);
            reals.extend(affine.map(|((x, &gamma), &beta)| {
                let scaled = x * 1024.0 * gamma as f64 + beta as f64;
                end.zero_point as f64 + scaled * real((1, end.shift))
            }));
        }
        self.compare("last normalisation", self.site("norm"), reals, I8);
    }

    fn outputs(&mut self, answer: &Answer) {
        let blob = &self.reference.blob;
        if let Some(factor) = blob.end.embedding {
            let tokens = self.site("norm").chunks_exact(blob.spec.dim);
            let mut sums = vec![0; blob.spec.dim];
            for token in tokens {
                for (sum, x) in sums.iter_mut().zip(token) {
                    *sum += x - blob.end.zero_point;
                }
            }
            let reals = sums.into_iter().map(|sum| sum as f64 * real(factor));
            self.compare("embedding", &answer.embedding, reals, I8);
        }
        let octaves = real(blob.head.probability) / 2048.0;
        let highest = answer.logits.iter().max().expect("at least two classes");
        let e: Vec<f64> =
            answer.logits.iter().map(|l| (-((highest - l) as f64) * octaves).exp2()).collect();
        let sum: f64 = e.iter().sum();
        let reals = e.iter().map(|e| e / sum * 65_536.0);
        self.compare("probabilities", &answer.probabilities, reals, U16);
    }
}

/// `mult · 2^−shift`.
fn real((mult, shift): Factor) -> f64 {
    let shift = i32::try_from(shift).expect("a shift");
    mult as f64 * 2f64.powi(-shift)
}

/// `(x − mean) / √(variance + eps)` of one row.
fn normalised(row: &[Z], eps: Z) -> impl Iterator<Item = f64> {
    let n = row.len() as f64;
    let mean = row.iter().sum::<Z>() as f64 / n;
    let squares = row.iter().map(|&x| (x as f64 - mean).powi(2)).sum::<f64>();
    let deviation = (squares / n + eps as f64).sqrt();
    row.iter().map(move |&x| (x as f64 - mean) / deviation)
}
