//! Layers on whole tensors, one value after another, written from `INTEGER.md`.

use super::arithmetic::{acc, requant, sat8};
use super::blob::{Activation, Layer, Z};

/// An activation, `[height, width, channels]`; tokens are a grid of one row.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) values: Vec<Z>,
}

impl Tensor {
    pub(super) fn tokens(values: Vec<Z>, channels: usize) -> Self {
        Self { height: 1, width: values.len() / channels, channels, values }
    }

    fn at(&self, y: usize, x: usize) -> &[Z] {
        let start = (y * self.width + x) * self.channels;
        &self.values[start..start + self.channels]
    }

    /// The pixel under tap 0 to 8, row by row, of the 3×3 window around `(y, x)`; `pad` outside the grid.
    fn tap<'a>(&'a self, (y, x): (usize, usize), tap: usize, pad: &'a [Z]) -> &'a [Z] {
        let (y, x) = (y + tap / 3, x + tap % 3);
        let inside = y >= 1 && x >= 1 && y <= self.height && x <= self.width;
        if inside { self.at(y - 1, x - 1) } else { pad }
    }

    /// The windows of a 3×3 convolution as inputs of a linear layer, with the output's height and width.
    pub(super) fn windows(&self, stride: usize, pad: &[Z]) -> Self {
        let (height, width) = (self.height.div_ceil(stride), self.width.div_ceil(stride));
        let mut values = Vec::new();
        for y in 0..height {
            for x in 0..width {
                for tap in 0..9 {
                    values.extend(self.tap((stride * y, stride * x), tap, pad));
                }
            }
        }
        Self { height, width, channels: 9 * self.channels, values }
    }

    /// Exact accumulators of a linear layer over every position.
    pub(super) fn linear(&self, layer: &Layer) -> Self {
        let (k, n) = (self.channels, layer.bias.len());
        assert_eq!(layer.weights.len(), n * k, "weights of a layer");
        let mut values = Vec::new();
        for x in self.values.chunks_exact(k) {
            for j in 0..n {
                let mut sum = layer.bias[j];
                for (i, x) in x.iter().enumerate() {
                    sum += x * layer.weights[j * k + i];
                }
                values.push(acc(sum));
            }
        }
        Self { channels: n, values, ..*self }
    }

    /// Exact accumulators of a depthwise convolution of stride 1.
    pub(super) fn depthwise(&self, layer: &Layer, zero_point: Z) -> Self {
        let pad = vec![zero_point; self.channels];
        let mut values = Vec::new();
        for y in 0..self.height {
            for x in 0..self.width {
                for c in 0..self.channels {
                    let mut sum = layer.bias[c];
                    for tap in 0..9 {
                        let weight = layer.weights[tap * self.channels + c];
                        sum += self.tap((y, x), tap, &pad)[c] * weight;
                    }
                    values.push(acc(sum));
                }
            }
        }
        Self { values, ..*self }
    }

    /// Each accumulator rescaled by its channel's factor.
    pub(super) fn rescaled(mut self, layer: &Layer) -> Self {
        for (index, value) in self.values.iter_mut().enumerate() {
            let j = index % self.channels;
            *value = requant(*value, (layer.mult[j], layer.shift[j]));
        }
        self
    }

    /// The i8 output of a layer whose rescaled accumulators these are, GELU included.
    pub(super) fn activated(mut self, activation: &Activation) -> Self {
        for value in &mut self.values {
            *value = sat8(activation.zero_point + *value);
            if let Some((table, _)) = &activation.gelu {
                *value = look_up(table, *value);
            }
        }
        self
    }
}

impl Activation {
    /// The integer that stands for zero in the layer's output.
    pub(super) fn output_zero_point(&self) -> Z {
        match &self.gelu {
            Some((_, zero_point)) => *zero_point,
            None => self.zero_point,
        }
    }
}

/// The entry of a 256-entry table for an i8: entries 128..255 are for −128..−1.
pub(super) fn look_up(table: &[Z], q: Z) -> Z {
    assert_eq!(table.len(), 256, "entries of a table");
    let index = if q >= 0 { q } else { q + 256 };
    table[usize::try_from(index).expect("an i8")]
}
