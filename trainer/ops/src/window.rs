//! Where a 3×3 convolution reads.

/// Geometry of a 3×3 convolution with padding 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width of the input grid.
    pub input: [usize; 2],
    /// 1 or 2.
    pub stride: usize,
}

impl Window {
    /// Height and width of the output grid.
    pub fn output(self) -> [usize; 2] {
        self.input.map(|side| side.div_ceil(self.stride))
    }
}
