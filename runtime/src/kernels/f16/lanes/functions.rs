//! The elementary functions, for each lane.

use super::vector::Lanes;
use crate::kernels::f16::functions;

/// [`functions::exp2`].
#[inline(always)]
pub(super) fn exp2<S: Lanes>(s: S, t: S::V) -> S::V {
    let t = s.greater(t, s.splat(functions::LOWEST));
    let round = s.splat(functions::ROUND);
    let rounded = s.add(t, round);
    let f = s.sub(t, s.sub(rounded, round));
    let p = s.add(s.mul(horner(s, &functions::EXP2, f), f), s.splat(1.0));
    s.add_exponent(p, rounded)
}

/// [`functions::gelu`].
#[inline(always)]
pub(super) fn gelu<S: Lanes>(s: S, x: S::V) -> S::V {
    let zero = s.splat(0.0);
    let magnitude = s.greater(x, s.sub(zero, x));
    let z = s.less(magnitude, s.splat(functions::GELU_END));
    let tail = exp2(s, horner(s, &functions::GELU, z));
    s.sub(s.greater(x, zero), s.mul(magnitude, tail))
}

#[inline(always)]
fn horner<S: Lanes, const N: usize>(s: S, coefficients: &[f32; N], x: S::V) -> S::V {
    let mut rest = coefficients.iter().rev();
    let mut sum = s.splat(rest.next().copied().unwrap_or(0.0));
    for c in rest {
        sum = s.add(s.mul(sum, x), s.splat(*c));
    }
    sum
}
