//! What is compared, and what a comparison reports.

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
    /// A 3×3 convolution. It compares only sets with a kernel that reads the grid without copying windows.
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
    /// Layer normalisation of rows, once without and once with gain and bias.
    Norm {
        /// Rows.
        rows: usize,
        /// Values of a row.
        dim: usize,
        /// Largest magnitude of a value; 32,768 allows any i16.
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

impl Case {
    /// Number of products that one kernel computes. Without products, the number of values that it reads.
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

/// A kernel that did not return the scalar kernel's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The kernel set.
    pub set: &'static str,
    /// The kernel's field in the set, and whether it read packed weights.
    pub kernel: &'static str,
    /// The shapes.
    pub case: Case,
    /// First output that differs; 0 if the kernel refused a case that it must compute.
    pub at: usize,
}

/// The sets that are compared, the source of their operands, and the receiver of differences.
pub struct Comparison<'a, M, D> {
    /// The sets that are compared with the scalar one.
    pub sets: &'a [&'static Kernels],
    /// Fills the operands.
    pub draw: &'a mut D,
    /// Memory for operands and outputs of one case.
    pub memory: M,
    /// Receives every difference.
    pub report: &'a mut dyn FnMut(Difference),
}

/// Reports the first value that differs.
pub(super) fn check<T: PartialEq>(
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

/// Inverts every bit, so that a value that a kernel does not write is found as a difference.
pub(super) fn flip<T: Pod>(values: &mut [T]) {
    for byte in bytemuck::cast_slice_mut::<T, u8>(values) {
        *byte = !*byte;
    }
}
