//! Operands of kernels: anything that their contracts allow, and half of the time rescales that
//! spread outputs over their range, without which hardly a wrong sum would change an output.

use crate::supply::Supply;
use runtime::fixed::{Octaves, Requant};
use runtime::format::{I16Le, I32Le};
use runtime::kernels::{Activation, Attention, Linear, Norm, NormAffine, Skip};

/// Largest magnitude of a bias.
const MAX_BIAS: i32 = 1 << 30;
/// Largest magnitude of a bias of the last normalisation.
const MAX_BETA: i32 = 1 << 29;

/// Storage behind a [`Linear`].
pub struct Layer {
    weights: Vec<i8>,
    bias: Vec<u8>,
    mult: Vec<u8>,
    shift: Vec<u8>,
    k: usize,
}

impl Layer {
    /// A layer of `n` outputs over `k` inputs.
    pub fn new(supply: &mut Supply<'_>, n: usize, k: usize) -> Self {
        let weights = supply.i8s(n * k);
        let spreads = supply.flip();
        let bias = supply.i32s(n, if spreads { 1 << 14 } else { MAX_BIAS });
        let mult = (0..n).flat_map(|_| mult(supply).to_le_bytes()).collect();
        // A sum of `k` products of two bytes is about `2^12 · √k`.
        let least = 35 + byte_of(k.ilog2() / 2);
        let any = (Requant::MIN_SHIFT, Requant::MAX_SHIFT);
        let (min, max) = if spreads { (least, least + 7) } else { any };
        let shift = (0..n).map(|_| byte(supply, min, max)).collect();
        Self { weights, bias, mult, shift, k }
    }

    /// The layer.
    ///
    /// # Panics
    /// Never: the lengths agree.
    pub fn linear(&self) -> Linear<'_> {
        let words = |bytes| I32Le::new(bytes).expect("whole words");
        Linear::new(&self.weights, words(&self.bias), words(&self.mult), &self.shift, self.k)
            .expect("lengths that agree")
    }
}

/// Storage behind an [`Activation`].
pub struct Gelu {
    zero_point: i8,
    table: Option<([i8; 256], i8)>,
}

impl Gelu {
    /// With or without a table.
    pub fn new(supply: &mut Supply<'_>) -> Self {
        let zero_point = supply.byte().cast_signed();
        let table = supply.flip().then(|| {
            let zero_point = supply.byte().cast_signed();
            (core::array::from_fn(|_| supply.byte().cast_signed()), zero_point)
        });
        Self { zero_point, table }
    }

    /// The activation.
    pub fn activation(&self) -> Activation<'_> {
        let gelu = self.table.as_ref().map(|(table, zero_point)| (table, *zero_point));
        Activation { zero_point: self.zero_point, gelu }
    }
}

/// Storage behind a [`NormAffine`].
pub struct Affine {
    gamma: Vec<u8>,
    beta: Vec<u8>,
    norm: Norm,
}

impl Affine {
    /// For rows of `dim` values.
    pub fn new(supply: &mut Supply<'_>, dim: usize) -> Self {
        let gamma = supply.i16s(dim).into_iter().flat_map(i16::to_le_bytes).collect();
        let spreads = supply.flip();
        let beta = supply.i32s(dim, if spreads { 1 << 22 } else { MAX_BETA });
        let shift = shift(supply, spreads, (18, 24), (1, 24));
        let norm = Norm { shift, ..norm(supply) };
        Self { gamma, beta, norm }
    }

    /// The normalisation.
    ///
    /// # Panics
    /// Never: the lengths agree.
    pub fn norm(&self) -> NormAffine<'_> {
        NormAffine {
            eps: self.norm.eps,
            gamma: I16Le::new(&self.gamma).expect("whole halves"),
            beta: I32Le::new(&self.beta).expect("whole words"),
            shift: self.norm.shift,
            zero_point: self.norm.zero_point,
        }
    }
}

/// A normalisation without gain and bias.
pub fn norm(supply: &mut Supply<'_>) -> Norm {
    Norm {
        eps: supply.between(1, (1 << 31) - 1),
        mult: mult(supply),
        shift: any_shift(supply, (22, 27), (7, 37)),
        zero_point: supply.byte().cast_signed(),
    }
}

/// The rescales of an attention.
///
/// # Panics
/// Never: the multiplier is in range.
pub fn attention(supply: &mut Supply<'_>, heads: usize, head_dim: usize) -> Attention {
    // Around the multipliers of trained networks as often as anywhere.
    let most = if supply.flip() { 3_000_000 } else { Octaves::MAX_MULT };
    Attention {
        heads,
        head_dim,
        octaves: Octaves::new(supply.between(1, most)).expect("a multiplier in range"),
        mult: mult(supply),
        shift: any_shift(supply, (28, 32), (25, 55)),
        zero_point: supply.byte().cast_signed(),
    }
}

/// How a residual stage adds its input.
///
/// # Panics
/// Never: the rescale is in range.
pub fn skip(supply: &mut Supply<'_>) -> Skip {
    let mult = mult(supply).cast_signed();
    let shift = any_shift(supply, (37, 43), (Requant::MIN_SHIFT, Requant::MAX_SHIFT));
    Skip {
        input_zero_point: supply.byte().cast_signed(),
        requant: Requant::new(mult, shift).expect("a rescale in range"),
        zero_point: supply.byte().cast_signed(),
    }
}

fn mult(supply: &mut Supply<'_>) -> u32 {
    supply.between(1 << 30, (1 << 31) - 1)
}

/// A shift that spreads outputs, or half of the time any.
fn any_shift(supply: &mut Supply<'_>, spreading: (u8, u8), any: (u8, u8)) -> u8 {
    let spreads = supply.flip();
    shift(supply, spreads, spreading, any)
}

fn shift(supply: &mut Supply<'_>, spreads: bool, spreading: (u8, u8), any: (u8, u8)) -> u8 {
    let (min, max) = if spreads { spreading } else { any };
    byte(supply, min, max)
}

fn byte_of(small: u32) -> u8 {
    u8::try_from(small).expect("a small number")
}

fn byte(supply: &mut Supply<'_>, min: u8, max: u8) -> u8 {
    u8::try_from(supply.between(min.into(), max.into())).expect("between two bytes")
}
