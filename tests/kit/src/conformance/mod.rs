//! Compares kernel sets with the scalar one, for shapes around every block length, extreme values and
//! misaligned operands.
//!
//! Computers, boards, emulated processors and the fuzzer all call [`Comparison::compare`]. With little
//! memory or time, a caller takes fewer of the [`cases`]. [`Case::work`] gives the number of products. A
//! case that does not fit the memory is not compared.

mod case;
pub mod cases;
#[cfg(feature = "f16")]
mod f16;
mod layers;
mod tokens;
mod window;

pub use case::{Case, Comparison, Difference};
#[cfg(feature = "f16")]
pub use f16::F16Comparison;

use crate::draw::Draw;
use crate::memory::Memory;

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
