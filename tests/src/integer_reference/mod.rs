//! The integer network as `INTEGER.md` defines it, written from that page alone.
//!
//! It is slow, computes in i128, and asserts every range that the page states. It shares no code
//! with the runtime: blobs are decoded by a reader of its own, written from `FORMAT.md`. Where it
//! and the runtime agree on every site, the pages and the code say the same.

mod arithmetic;
mod attributes;
mod blob;
mod block;
mod fingerprint;
mod layers;
mod loss;
mod stem;

use arithmetic::{acc, normalise, pow2, probabilities, requant, sat8, sat16, shift_right};
pub use attributes::Attributes;
use blob::{Blob, Z};
pub use fingerprint::Described;
use layers::Tensor;
pub use loss::Loss;

/// The stored integers of one site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name, as `runtime::site::SiteId` displays it.
    pub name: String,
    /// The integer that stands for zero.
    pub zero_point: i128,
    /// In memory order.
    pub values: Vec<i128>,
}

/// The integers that `INTEGER.md` defines for one image.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Every site in the order of the pass.
    pub sites: Vec<Site>,
    /// `[classes]`.
    pub logits: Vec<i128>,
    /// The i8 embedding of the image.
    pub embedding: Vec<i128>,
    /// `[classes]`, 16 fraction bits.
    pub probabilities: Vec<i128>,
    /// `[classes, tokens]`, if the class head reads the sums of the tokens.
    pub evidence: Option<Vec<i128>>,
    /// Where the blob has an attribute head.
    pub attributes: Option<Attributes>,
}

/// A decoded network.
#[derive(Clone, Debug)]
pub struct IntegerReference {
    blob: Blob,
}

impl IntegerReference {
    /// Decodes a valid blob.
    ///
    /// # Panics
    /// If the blob is not valid.
    pub fn new(bytes: &[u8]) -> Self {
        Self { blob: blob::read(bytes) }
    }

    /// Runs the network on the bytes of an image.
    ///
    /// # Panics
    /// If a value leaves the range that the page gives for it, or the image has another size.
    pub fn run(&self, image: &[u8]) -> Answer {
        let mut pass = Pass { blob: &self.blob, sites: Vec::new() };
        let mut stream = pass.embed(image);
        for (index, block) in self.blob.blocks.iter().enumerate() {
            pass.block(index, block, &mut stream);
        }
        let Found { logits, embedding, evidence, attributes } = pass.head(&stream);
        Answer {
            probabilities: probabilities(&logits, self.blob.head.probability),
            sites: pass.sites,
            logits,
            embedding,
            evidence,
            attributes,
        }
    }
}

/// The result of the last stage.
struct Found {
    logits: Vec<Z>,
    embedding: Vec<Z>,
    evidence: Option<Vec<Z>>,
    attributes: Option<Attributes>,
}

/// One forward pass.
struct Pass<'b> {
    blob: &'b Blob,
    sites: Vec<Site>,
}

impl Pass<'_> {
    fn show(&mut self, name: impl Into<String>, zero_point: Z, values: &[Z]) {
        self.sites.push(Site { name: name.into(), zero_point, values: values.to_vec() });
    }

    /// Last normalisation, pool and class head.
    fn head(&mut self, stream: &Tensor) -> Found {
        let tokens = self.last_norm(stream);
        let (head, dim) = (&self.blob.head, self.blob.spec.dim);
        let mut x = tokens.clone();
        let mut sums = None;
        if let Some(factor) = self.blob.end.embedding {
            let mut pooled = vec![0; dim];
            for token in tokens.chunks_exact(dim) {
                for (sum, x) in pooled.iter_mut().zip(token) {
                    *sum += x - self.blob.end.zero_point;
                }
            }
            x = pooled.iter().map(|&s| sat8(requant(s, factor))).collect();
            self.show("pool", 0, &x);
            sums = Some(pooled);
        }
        let pooled = x.clone();
        for (index, (layer, activation)) in head.hidden.iter().enumerate() {
            let k = x.len();
            let out = Tensor::tokens(x, k).linear(layer).rescaled(layer);
            x = out.activated(activation).values;
            let zero_point = activation.output_zero_point();
            self.show(format!("head.{index}.gelu"), zero_point, &x);
        }
        let of_sums = sums.is_some() && head.hidden.is_empty();
        let embedding = if sums.is_some() { pooled } else { x.clone() };
        let inputs = match sums {
            Some(sums) if head.hidden.is_empty() => sums,
            _ => x,
        };
        let logits: Vec<Z> = head
            .weights
            .chunks_exact(inputs.len())
            .zip(&head.bias)
            .map(|(w, bias)| {
                let products = w.iter().zip(&inputs).map(|(w, x)| w * x);
                acc(bias + products.sum::<Z>())
            })
            .collect();
        self.show("logits", 0, &logits);
        let evidence = of_sums.then(|| self.evidence(&tokens, &logits));
        let zero = self.blob.end.zero_point;
        let attributes = self.blob.attributes.as_ref();
        let attributes = attributes.map(|head| attributes::attributes(head, &tokens, zero, dim));
        Found { logits, embedding, evidence, attributes }
    }

    /// `[classes, tokens]`: each token's part in each logit.
    fn evidence(&self, tokens: &[Z], logits: &[Z]) -> Vec<Z> {
        let (head, dim) = (&self.blob.head, self.blob.spec.dim);
        let mut evidence = Vec::new();
        for ((w, bias), logit) in head.weights.chunks_exact(dim).zip(&head.bias).zip(logits) {
            let mut sum = *bias;
            for token in tokens.chunks_exact(dim) {
                let products = w.iter().zip(token).map(|(w, x)| w * (x - self.blob.end.zero_point));
                let part = products.sum::<Z>();
                assert!(part.abs() < pow2(25), "an evidence of {part}");
                evidence.push(part);
                sum += part;
            }
            assert_eq!(sum, *logit, "bias and evidence are the logit");
        }
        evidence
    }

    fn last_norm(&mut self, stream: &Tensor) -> Vec<Z> {
        let end = &self.blob.end;
        let mut out = Vec::new();
        for row in stream.values.chunks_exact(stream.channels) {
            let (e, y) = normalise(row, end.eps);
            for ((e, gamma), beta) in e.iter().zip(&end.gamma).zip(&end.beta) {
                let t = sat16(shift_right(e * y + pow2(45), 46));
                let scaled = acc(t * gamma + beta + pow2(end.shift - 1));
                out.push(sat8(end.zero_point + shift_right(scaled, end.shift)));
            }
        }
        self.show("norm", end.zero_point, &out);
        out
    }
}
