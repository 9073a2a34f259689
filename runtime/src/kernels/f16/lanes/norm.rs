//! Layer normalisation, the values of a row side by side.

use super::vector::Lanes;
use super::words;
use crate::kernels::f16::operand::F16Norm;
use crate::kernels::f16::scalar::{LANES, count, gain, total};
use crate::rows::{rows, rows_mut, tail};

/// [`scalar::norm`](crate::kernels::f16::scalar::norm).
#[inline(always)]
pub(in crate::kernels) fn norm<S: Lanes>(s: S, x: &[f32], norm: &F16Norm<'_>, out: &mut [f32]) {
    let dim = norm.gamma.len();
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let mean = sum::<S, false>(s, x, 0.0) / count(dim);
        let gain = self::gain(sum::<S, true>(s, x, mean) / count(dim), |value| s.sqrt(value));
        let (means, gains) = (s.splat(mean), s.splat(gain));
        let places = out.chunks_mut(S::LANES).zip(x.chunks(S::LANES));
        for (at, (out, x)) in places.enumerate() {
            let gamma = words::load(s, norm.gamma.words(at * S::LANES, S::LANES));
            let beta = words::load(s, norm.beta.words(at * S::LANES, S::LANES));
            let scaled = s.mul(s.sub(s.load_some(x), means), gains);
            s.store_some(s.add(s.mul(scaled, gamma), beta), out);
        }
    }
}

/// The sum of a row, or of the squares of its distances from the mean.
#[inline(always)]
fn sum<S: Lanes, const SQUARES: bool>(s: S, x: &[f32], mean: f32) -> f32 {
    let mut vectors = [s.splat(0.0); LANES];
    let means = s.splat(mean);
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for (at, sum) in vectors.iter_mut().take(LANES / S::LANES).enumerate() {
            let mut term = s.load_some(tail(block, at * S::LANES));
            if SQUARES {
                let distance = s.sub(term, means);
                term = s.mul(distance, distance);
            }
            *sum = s.add(*sum, term);
        }
    }
    let mut sums = [0.0; LANES];
    for (sums, vector) in sums.chunks_mut(S::LANES).zip(vectors) {
        s.store_some(vector, sums);
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += if SQUARES { (x - mean) * (x - mean) } else { *x };
    }
    total(sums)
}
