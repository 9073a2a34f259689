//! Compares kernel sets of the arithmetic `F16` with the scalar one.
//!
//! Two results are equal if their bits are, or if both are NaN.

use super::case::{Case, Difference};
use crate::draw::Draw;
use crate::memory::{Memory, Misaligned};
use runtime::F16Kernels;
use runtime::config::Grid;
use runtime::format::{F16Le, F32Le};
use runtime::kernels::f16::{F16Attention, F16Linear, F16Norm, scalar};
use runtime::window::Band;

/// The sets that are compared, the source of their operands, and the receiver of differences.
pub struct F16Comparison<'a, M, D> {
    /// The sets that are compared with the scalar one.
    pub sets: &'a [&'static F16Kernels],
    /// Fills the operands.
    pub draw: &'a mut D,
    /// Memory for operands and outputs of one case.
    pub memory: M,
    /// Receives every difference.
    pub report: &'a mut dyn FnMut(Difference),
}

impl<M: Memory, D: Draw> F16Comparison<'_, M, D> {
    /// Compares one case; `None` if the memory does not hold it. Kernels that this arithmetic does not have
    /// are not compared.
    pub fn compare(mut self, case: Case) -> Option<()> {
        match case {
            Case::Linear { rows, n, k } => self.linear(case, (rows, n, k)),
            Case::Depthwise(grid) => self.depthwise(case, grid),
            Case::Norm { rows, dim, .. } => self.norm(case, (rows, dim)),
            Case::Attention { heads, head_dim, tokens } => {
                self.attention(case, tokens, F16Attention { heads, head_dim })
            }
            Case::Conv { .. } | Case::Head { .. } => Some(()),
        }
    }

    fn linear(&mut self, case: Case, (rows, n, k): (usize, usize, usize)) -> Option<()> {
        let kind = Kind::draw(self.draw);
        let x = self.floats(rows * k, kind)?;
        let before = self.floats(rows * n, kind)?;
        let layer = self.layer((n, k), n * k, kind)?;
        let layer = layer.linear(k);
        self.each(case, "linear", &before, |set, out| {
            out.iter_mut().for_each(|out| *out = f32::NAN);
            (set.linear)(&x, &layer, out);
        })?;
        self.each(case, "linear_add", &before, |set, out| (set.linear_add)(&x, &layer, out))?;
        self.each(case, "gelu", &before, |set, out| (set.gelu)(out))
    }

    fn depthwise(&mut self, case: Case, grid: Grid) -> Option<()> {
        let kind = Kind::draw(self.draw);
        let x = self.floats(grid.len(), kind)?;
        let first = self.draw.length(0, grid.height - 1);
        let rows = first..self.draw.length(first, grid.height);
        let layer = self.layer((grid.channels, 9), 9 * grid.channels, kind)?;
        let (layer, band) = (layer.linear(9), Band { grid, rows });
        let before = self.floats(band.rows.len() * grid.width * grid.channels, kind)?;
        self.each(case, "depthwise", &before, |set, out| (set.depthwise)(&x, &band, &layer, out))
    }

    fn norm(&mut self, case: Case, (rows, dim): (usize, usize)) -> Option<()> {
        let kind = Kind::draw(self.draw);
        let x = self.floats(rows * dim, kind)?;
        let (gamma, beta) = (self.bytes(4 * dim, kind)?, self.bytes(4 * dim, kind)?);
        let norm = F16Norm { gamma: F32Le::new(gamma.get())?, beta: F32Le::new(beta.get())? };
        self.each(case, "norm", &x, |set, out| {
            out.iter_mut().for_each(|out| *out = f32::NAN);
            (set.norm)(&x, &norm, out);
        })
    }

    fn attention(&mut self, case: Case, tokens: usize, attention: F16Attention) -> Option<()> {
        let kind = Kind::draw(self.draw);
        let qkv = self.floats(3 * tokens * attention.heads * attention.head_dim, kind)?;
        let mut scores = self.memory.take::<f32>(tokens)?;
        self.each(case, "attention", &qkv, |set, out| {
            scores.fill(f32::NAN);
            (set.attention)(out, &attention, &mut scores);
        })
    }

    /// Calls a kernel of each set with a copy of `before`, and compares.
    fn each(
        &mut self,
        case: Case,
        kernel: &'static str,
        before: &[f32],
        mut call: impl FnMut(&F16Kernels, &mut [f32]),
    ) -> Option<()> {
        let mut expected = self.memory.take::<f32>(before.len())?;
        let mut found = self.memory.take::<f32>(before.len())?;
        expected.copy_from_slice(before);
        call(&scalar::KERNELS, &mut expected);
        for &set in self.sets {
            found.copy_from_slice(before);
            call(set, &mut found);
            let mut pairs = found.iter().zip(expected.iter());
            let differ =
                |(a, b): (&f32, &f32)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan());
            if let Some(at) = pairs.position(differ) {
                (self.report)(Difference { set: set.name, kernel, case, at });
            }
        }
        Some(())
    }

    fn floats(&mut self, len: usize, kind: Kind) -> Option<M::Slice<f32>> {
        let mut values = self.memory.take::<f32>(len)?;
        values.iter_mut().for_each(|value| *value = kind.float(self.draw));
        Some(values)
    }

    fn bytes(&mut self, len: usize, kind: Kind) -> Option<Misaligned<M::Slice<u8>>> {
        let mut bytes = Misaligned::take(&mut self.memory, len, self.draw.length(0, 3))?;
        for bytes in bytes.get_mut().chunks_exact_mut(4) {
            bytes.copy_from_slice(&kind.float(self.draw).to_le_bytes());
        }
        Some(bytes)
    }

    fn layer(
        &mut self,
        (n, _): (usize, usize),
        weights: usize,
        kind: Kind,
    ) -> Option<Layer<M::Slice<u8>>> {
        let bias = self.bytes(4 * n, kind)?;
        let offset = self.draw.length(0, 3);
        let mut halves = Misaligned::take(&mut self.memory, 2 * weights, offset)?;
        for half in halves.get_mut().chunks_exact_mut(2) {
            half.copy_from_slice(&kind.half(self.draw).to_le_bytes());
        }
        Some(Layer { weights: halves, bias })
    }
}

/// Storage of a layer.
struct Layer<S> {
    weights: Misaligned<S>,
    bias: Misaligned<S>,
}

impl<S: core::ops::DerefMut<Target = [u8]>> Layer<S> {
    fn linear(&self, k: usize) -> F16Linear<'_> {
        let weights = F16Le::new(self.weights.get()).expect("two bytes for each weight");
        F16Linear { weights, bias: F32Le::new(self.bias.get()).expect("four for each bias"), k }
    }
}

/// What numbers are drawn.
#[derive(Clone, Copy)]
enum Kind {
    /// 2^−4 to 8 in magnitude, as in networks.
    Typical,
    /// Any finite ones.
    Finite,
    /// Subnormal ones, and those whose products are.
    Tiny,
    /// Zeros, and one and its neighbours.
    Plain,
    /// As typical ones, but a few are infinite.
    Infinite,
}

impl Kind {
    fn draw(draw: &mut impl Draw) -> Self {
        match draw.byte() % 8 {
            0 => Self::Finite,
            1 => Self::Tiny,
            2 => Self::Plain,
            3 => Self::Infinite,
            _ => Self::Typical,
        }
    }

    fn float(self, draw: &mut impl Draw) -> f32 {
        let word = draw.word();
        let exponent = match self {
            Self::Infinite if draw.one_in(64) => {
                return if word & 1 == 0 { f32::INFINITY } else { f32::NEG_INFINITY };
            }
            Self::Typical | Self::Infinite => 123 + word % 7,
            Self::Finite => (word >> 8) % 255,
            Self::Tiny => word % 60,
            Self::Plain => {
                let near = 1f32.to_bits() + word % 2;
                let magnitude = if word & 4 == 0 { 0 } else { near };
                return f32::from_bits(magnitude | word & 1 << 31);
            }
        };
        f32::from_bits(word & 0x807F_FFFF | exponent << 23)
    }

    fn half(self, draw: &mut impl Draw) -> u16 {
        let word = draw.word();
        let exponent = match self {
            Self::Typical | Self::Infinite => 11 + word % 7,
            Self::Finite => (word >> 8) % 31,
            Self::Tiny => word % 3,
            Self::Plain => return if word & 4 == 0 { (word << 15) as u16 } else { 0x3C00 },
        };
        (word >> 16 & 0x83FF | exponent << 10) as u16
    }
}
