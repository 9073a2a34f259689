//! Compares kernel sets with the scalar one, for shapes around every block length, extreme values and
//! misaligned operands.
//!
//! Computers, boards, emulated processors and the fuzzer all call [`Comparison::compare`]. Whoever has
//! little memory or time takes fewer of the [`cases`]: a case says how much it multiplies, and one that
//! its memory does not hold is not compared.

pub mod cases;
mod layers;
mod tokens;
mod window;

use crate::draw::Draw;
use crate::memory::Memory;
use bytemuck::Pod;
use runtime::Kernels;
use runtime::config::Grid;

/// What is compared, without its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Rows through a linear layer of `n` outputs over `k` inputs: its three kernels.
    Linear {
        /// Rows of inputs.
        rows: usize,
        /// Outputs.
        n: usize,
        /// Inputs.
        k: usize,
    },
    /// A 3×3 convolution by sets that convolve a grid without a copy of each window.
    Conv {
        /// The grid that is read.
        input: Grid,
        /// Output channels.
        n: usize,
        /// 1 or 2.
        stride: usize,
    },
    /// A 3×3 depthwise convolution.
    Depthwise(Grid),
    /// Rows through a layer normalisation, with gain and bias and without.
    Norm {
        /// Rows.
        rows: usize,
        /// Values of a row.
        dim: usize,
        /// Largest magnitude of a value; 32,768 stands for any.
        peak: u16,
    },
    /// Attention between tokens.
    Attention {
        /// Heads.
        heads: usize,
        /// Values of a head.
        head_dim: usize,
        /// Tokens.
        tokens: usize,
    },
    /// The pool, and logits of its sums and of i8.
    Head {
        /// Tokens that are pooled.
        tokens: usize,
        /// Values of a token.
        dim: usize,
        /// Logits.
        classes: usize,
    },
}

/// A kernel that did not return the scalar kernel's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The kernel set.
    pub set: &'static str,
    /// The kernel's field in the set, and whether it read packed weights.
    pub kernel: &'static str,
    /// The shapes.
    pub case: Case,
    /// First output that differs; 0 where the kernel did not do what it is there for.
    pub at: usize,
}

/// Who is compared, on which operands, and who is told.
pub struct Comparison<'a, M, D> {
    /// The sets that are compared with the scalar one.
    pub sets: &'a [&'static Kernels],
    /// Fills the operands.
    pub draw: &'a mut D,
    /// Memory for operands and outputs of one case.
    pub memory: M,
    /// Told of every difference.
    pub report: &'a mut dyn FnMut(Difference),
}

impl<M: Memory, D: Draw> Comparison<'_, M, D> {
    /// Compares one case; `None` if the memory does not hold it.
    pub fn compare(mut self, case: Case) -> Option<()> {
        match case {
            Case::Linear { .. } => layers::linear(&mut self, case),
            Case::Conv { .. } => window::conv(&mut self, case),
            Case::Depthwise(grid) => window::depthwise(&mut self, grid),
            Case::Norm { .. } => tokens::norm(&mut self, case),
            Case::Attention { .. } => tokens::attention(&mut self, case),
            Case::Head { .. } => tokens::head(&mut self, case),
        }
    }
}

/// Reports the first value that differs.
fn check<T: PartialEq>(
    report: &mut dyn FnMut(Difference),
    (set, kernel): (&Kernels, &'static str),
    case: Case,
    found: &[T],
    expected: &[T],
) {
    if let Some(at) = found.iter().zip(expected).position(|(found, expected)| found != expected) {
        report(Difference { set: set.name, kernel, case, at });
    }
}

/// Changes every value, so that one that is not written differs from one that is.
fn flip<T: Pod>(values: &mut [T]) {
    for byte in bytemuck::cast_slice_mut::<T, u8>(values) {
        *byte = !*byte;
    }
}

impl Case {
    /// Products that one kernel computes, or values that it reads where there are none.
    pub fn work(self) -> usize {
        match self {
            Self::Linear { rows, n, k } => rows * n * k,
            Self::Conv { input, n, stride } => 9 * input.len() * n / (stride * stride),
            Self::Depthwise(grid) => 9 * grid.len(),
            Self::Norm { rows, dim, .. } => rows * dim,
            Self::Attention { heads, head_dim, tokens } => 2 * tokens * tokens * heads * head_dim,
            Self::Head { tokens, dim, classes } => (tokens + classes) * dim,
        }
    }
}
