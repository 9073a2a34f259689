//! The attribute head.

use super::arithmetic::{acc, pow2, probabilities};
use super::blob::{AttributeHead, Z};

/// The attributes of one image, as INTEGER.md defines them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Name of each.
    pub names: Vec<String>,
    /// `[attributes]`.
    pub logits: Vec<i128>,
    /// `[attributes]`, 16 fraction bits.
    pub probabilities: Vec<i128>,
    /// `[attributes, tokens]`.
    pub evidence: Vec<i128>,
}

/// What the head says of tokens in which `zero` stands for zero.
pub(super) fn attributes(head: &AttributeHead, tokens: &[Z], zero: Z, dim: usize) -> Attributes {
    let mut found = Attributes {
        names: head.names.clone(),
        logits: Vec::new(),
        probabilities: Vec::new(),
        evidence: Vec::new(),
    };
    let rows = head.weights.chunks_exact(dim).zip(&head.bias).zip(&head.factors);
    for ((w, bias), &factor) in rows {
        let mut sum = *bias;
        for token in tokens.chunks_exact(dim) {
            let part = w.iter().zip(token).map(|(w, x)| w * (x - zero)).sum::<Z>();
            assert!(part.abs() < pow2(25), "an evidence of {part}");
            found.evidence.push(part);
            sum += part;
        }
        let logit = acc(sum);
        found.logits.push(logit);
        found.probabilities.push(probabilities(&[logit, 0], factor)[0]);
    }
    found
}
