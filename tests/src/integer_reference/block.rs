//! One block, written from `INTEGER.md`.

use super::Pass;
use super::arithmetic::{
    acc, exp2_neg, normalise, octaves, pow2, row_mult, sat8, sat16, shift_right,
};
use super::blob::{Block, Norm, Z};
use super::layers::{Tensor, look_up};
use super::stem::add;

impl Pass<'_> {
    pub(super) fn block(&mut self, index: usize, block: &Block, stream: &mut Tensor) {
        let name = |at: &str| format!("block.{index}.{at}");
        let normed = layer_norm(stream, &block.norm1);
        self.show(name("norm1"), block.norm1.zero_point, &normed.values);
        let qkv = normed.linear(&block.qkv).rescaled(&block.qkv);
        let qkv: Vec<Z> = qkv.values.into_iter().map(sat8).collect();
        let width = self.blob.spec.heads * self.blob.spec.head_dim;
        for (third, at) in ["query", "key", "value"].iter().enumerate() {
            let columns: Vec<Z> = qkv
                .chunks_exact(3 * width)
                .flat_map(|row| &row[third * width..(third + 1) * width])
                .copied()
                .collect();
            self.show(name(at), 0, &columns);
        }
        let context = self.attention(&qkv, block);
        self.show(name("context"), block.context.1, &context.values);
        add(stream, &context, &block.project);
        self.show(name("attention"), 0, &stream.values);
        self.mlp(index, block, stream);
    }

    fn attention(&self, qkv: &[Z], block: &Block) -> Tensor {
        let (heads, head_dim) = (self.blob.spec.heads, self.blob.spec.head_dim);
        let width = heads * head_dim;
        let tokens = qkv.len() / (3 * width);
        let ((mult, shift), zero_point) = block.context;
        // Value `i` of head `head`: 0 query, 1 key, 2 value.
        let value = |token: usize, third: usize, head: usize, i: usize| {
            qkv[token * 3 * width + third * width + head * head_dim + i]
        };
        let mut out = vec![0; tokens * width];
        for head in 0..heads {
            for token in 0..tokens {
                let mut scores = vec![0; tokens];
                for (j, score) in scores.iter_mut().enumerate() {
                    for i in 0..head_dim {
                        *score += value(token, 0, head, i) * value(j, 1, head, i);
                    }
                    assert!(score.abs() <= pow2(21), "a score of {score}");
                }
                let highest = *scores.iter().max().expect("at least one token");
                let e: Vec<Z> = scores
                    .iter()
                    .map(|score| exp2_neg(octaves(highest - score, block.mult_e)))
                    .collect();
                let p = row_mult(mult, e.iter().sum());
                for i in 0..head_dim {
                    let a: Z = (0..tokens).map(|j| e[j] * value(j, 2, head, i)).sum();
                    assert!(a.abs() < pow2(25), "a weighted sum of {a}");
                    let scaled = shift_right(a * p + pow2(shift + 6), shift + 7);
                    out[token * width + head * head_dim + i] = sat8(zero_point + scaled);
                }
            }
        }
        Tensor::tokens(out, width)
    }

    fn mlp(&mut self, index: usize, block: &Block, stream: &mut Tensor) {
        let name = |at: &str| format!("block.{index}.{at}");
        let normed = layer_norm(stream, &block.norm2);
        self.show(name("norm2"), block.norm2.zero_point, &normed.values);
        let (layer, activation) = &block.mlp1;
        let acc = normed.linear(layer).rescaled(layer);
        let mut hidden = acc.activated(activation);
        let zero_point = activation.output_zero_point();
        if let Some((layer, activation)) = &block.depthwise {
            self.show(name("mlp1"), zero_point, &hidden.values);
            let acc = hidden.depthwise(layer, zero_point).rescaled(layer);
            hidden = acc.activated(activation);
            let zero_point = activation.output_zero_point();
            self.show(name("gelu"), zero_point, &hidden.values);
        } else {
            self.show(name("gelu"), zero_point, &hidden.values);
        }
        match &block.mlp2_gelu {
            None => add(stream, &hidden, &block.mlp2),
            Some((zero_point, table)) => {
                let rescaled = hidden.linear(&block.mlp2).rescaled(&block.mlp2).values;
                let q: Vec<Z> = rescaled.iter().map(|r| sat8(zero_point + r)).collect();
                self.show(name("mlp2"), *zero_point, &q);
                for (x, q) in stream.values.iter_mut().zip(q) {
                    *x = sat16(*x + look_up(table, q));
                }
            }
        }
        self.show(name("output"), 0, &stream.values);
    }
}

/// The normalisation of every row of the residual stream.
pub(super) fn layer_norm(stream: &Tensor, norm: &Norm) -> Tensor {
    assert!((7..=37).contains(&norm.shift), "shift {}", norm.shift);
    let mut out = stream.clone();
    for row in out.values.chunks_exact_mut(stream.channels) {
        let (e, y) = normalise(row, norm.eps);
        let m = shift_right(y * norm.mult, 31);
        assert!((pow2(29)..pow2(31)).contains(&m), "M is {m}");
        for (out, e) in row.iter_mut().zip(e) {
            assert!((e * m).abs() < pow2(62), "a product of {}", e * m);
            let scaled = shift_right(e * m + pow2(norm.shift + 24), norm.shift + 25);
            *out = sat8(norm.zero_point + acc(scaled));
        }
    }
    out
}
