//! Layer normalisation.

use super::vector::{Vector, load16_up_to, pack, store_half_up_to};
use crate::fixed::RowScale;
use crate::kernels::operand::{Norm, NormAffine};
use crate::rows::{rows, rows_mut};

/// Rows whose scales are computed together. The reciprocal square root is a chain of steps, each of which
/// needs the result of the step before. The processor computes the chains of several rows at once.
const ROWS: usize = 8;
/// Values of a vector.
const HALVES: usize = 8;

/// Same contract as [`scalar::layer_norm_i8`](crate::kernels::scalar::layer_norm_i8).
pub(super) fn layer_norm_i8<V: Vector>(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    let zero_point = V::splat16(norm.zero_point.into());
    let group = group(dim);
    for (x, out) in x.chunks(group).zip(out.chunks_mut(group)) {
        let scales = row_scales::<V>(x, dim, norm.eps).into_iter().flatten();
        for (scale, (x, out)) in scales.zip(rows(x, dim).zip(rows_mut(out, dim))) {
            let requant = V::requant([scale.times(norm.mult); 4], [shift; 4]);
            let centre = Centre::<V>::new(&scale);
            for (x, out) in x.chunks(HALVES).zip(out.chunks_mut(HALVES)) {
                let values = load16_up_to::<V>(x).widen16();
                let values = values.map(|x| centre.apply(x).rescale(&requant));
                store_half_up_to(pack(values, zero_point), out);
            }
        }
    }
}

/// Same contract as [`scalar::layer_norm_affine_i8`](crate::kernels::scalar::layer_norm_affine_i8).
pub(super) fn layer_norm_affine_i8<V: Vector>(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    let dim = norm.gamma.len().max(1);
    let shift = norm.shift.clamp(1, 24);
    let half = V::splat32(1 << (shift - 1));
    let zero_point = V::splat16(norm.zero_point.into());
    let group = group(dim);
    for (x, out) in x.chunks(group).zip(out.chunks_mut(group)) {
        let scales = row_scales::<V>(x, dim, norm.eps).into_iter().flatten();
        for (scale, (x, out)) in scales.zip(rows(x, dim).zip(rows_mut(out, dim))) {
            let fraction = V::requant([scale.y().cast_signed(); 4], [46; 4]);
            let centre = Centre::<V>::new(&scale);
            for (index, (x, out)) in x.chunks(HALVES).zip(out.chunks_mut(HALVES)).enumerate() {
                let values = load16_up_to::<V>(x).widen16();
                let [lower, upper] = values.map(|x| centre.apply(x).rescale(&fraction));
                // Narrowing saturates to i16.
                let t = lower.narrow32(upper).widen16();
                let gamma = gains::<V>(norm.gamma.halves(index * HALVES, HALVES));
                let beta = words::<V>(norm.beta.words(index * HALVES, HALVES));
                let value =
                    |t: V, gamma, beta| t.mul32(gamma).add32(beta).add32(half).shift_right32(shift);
                let values = [value(t[0], gamma[0], beta[0]), value(t[1], gamma[1], beta[1])];
                store_half_up_to(pack(values, zero_point), out);
            }
        }
    }
}

/// Number of values of the rows whose scales are computed at once; at least 1, because `chunks` refuses 0.
#[inline]
fn group(dim: usize) -> usize {
    ROWS.saturating_mul(dim).max(1)
}

/// Eight little-endian i16 as i32, zeros beyond the last.
#[inline]
fn gains<V: Vector>(halves: &[[u8; 2]]) -> [V; 2] {
    let mut all = [0; HALVES];
    for (to, from) in all.iter_mut().zip(halves) {
        *to = i16::from_le_bytes(*from);
    }
    V::load16(&all).widen16()
}

/// Eight little-endian i32, zeros beyond the last.
#[inline]
fn words<V: Vector>(words: &[[u8; 4]]) -> [V; 2] {
    let mut all = [[0; 4]; 2];
    for (to, from) in all.as_flattened_mut().iter_mut().zip(words) {
        *to = i32::from_le_bytes(*from);
    }
    all.each_ref().map(V::load32)
}

/// `(n · x − S) << left = x · (n << left) − (S << left)`, modulo `2^32` around a value that fits.
struct Centre<V> {
    times: V,
    plus: V,
}

impl<V: Vector> Centre<V> {
    #[inline]
    fn new(scale: &RowScale) -> Self {
        let plus = scale.normalise(0);
        let times = scale.normalise(1).wrapping_sub(plus);
        Self { times: V::splat32(times), plus: V::splat32(plus) }
    }

    #[inline]
    fn apply(&self, x: V) -> V {
        x.mul32(self.times).add32(self.plus)
    }
}

/// The scales of up to [`ROWS`] rows.
#[inline]
fn row_scales<V: Vector>(x: &[i16], dim: usize, eps: u32) -> [Option<RowScale>; ROWS] {
    let mut scales = [None; ROWS];
    for (scale, x) in scales.iter_mut().zip(rows(x, dim)) {
        *scale = Some(row_scale::<V>(x, eps));
    }
    scales
}

/// The scale of a row.
#[inline]
fn row_scale<V: Vector>(x: &[i16], eps: u32) -> RowScale {
    let mut sum = V::zero();
    let mut squares = [V::zero(); 2];
    for x in x.chunks(HALVES) {
        let x = load16_up_to::<V>(x);
        sum = sum.add_pairs16(x);
        squares = V::add_squares16(squares, x);
    }
    RowScale::new(x.len(), sum.total32(), V::total_squares(squares), eps)
}
