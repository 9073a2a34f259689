//! Operands of single kernels, filled by a fixed generator.

use runtime::format::{I16Le, I32Le};
use runtime::kernels::Linear;

/// Storage behind a layer.
pub struct Layer {
    weights: Vec<i8>,
    bias: Vec<u8>,
    mult: Vec<u8>,
    shift: Vec<u8>,
    k: usize,
}

impl Layer {
    /// `n` outputs over `k` inputs.
    pub fn new(k: usize, n: usize) -> Self {
        let bias = (0..n).flat_map(|j| (j as i32 * 37 - 900).to_le_bytes()).collect();
        let mult = (0..n).flat_map(|j| ((1 << 30) + j as i32 * 1_000_003).to_le_bytes()).collect();
        Self { weights: bytes(n * k), bias, mult, shift: vec![42; n], k }
    }

    /// The layer as kernels read it.
    ///
    /// # Panics
    /// Never: lengths agree by construction.
    pub fn linear(&self) -> Linear<'_> {
        let words = |bytes| I32Le::new(bytes).expect("whole words");
        Linear::new(&self.weights, words(&self.bias), words(&self.mult), &self.shift, self.k)
            .expect("lengths agree")
    }
}

/// i8 values of a linear congruential generator.
pub fn bytes(len: usize) -> Vec<i8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as i8
    };
    (0..len).map(|_| next()).collect()
}

/// i16 values of the same generator.
pub fn halves(len: usize) -> Vec<i16> {
    bytes(len).into_iter().map(|value| i16::from(value) * 129).collect()
}

/// Gains and biases of a last normalisation of width `dim`.
pub struct Affine {
    gamma: Vec<u8>,
    beta: Vec<u8>,
}

impl Affine {
    /// Gains around 100 and biases around 0.
    pub fn new(dim: usize) -> Self {
        let gamma = (0..dim).flat_map(|d| (90 + d as i16 % 20).to_le_bytes()).collect();
        let beta = (0..dim).flat_map(|d| (d as i32 * 100).to_le_bytes()).collect();
        Self { gamma, beta }
    }

    /// Both as kernels read them.
    ///
    /// # Panics
    /// Never: whole words by construction.
    pub fn views(&self) -> (I16Le<'_>, I32Le<'_>) {
        let gamma = I16Le::new(&self.gamma).expect("whole halves");
        (gamma, I32Le::new(&self.beta).expect("whole words"))
    }
}
