//! One part of a descriptor in integers, from a map in real numbers.

use super::matrix::Matrix;
use crate::quantize::multiplier;
use runtime::Kernels;
use runtime::error::ShapeError;
use runtime::fixed::Requant;
use runtime::format::{I32Le, LinearRecord, NormRecord, PartRecord};
use runtime::kernels::{Linear, Norm};

/// Steps of i8 in one standard deviation of a normalised vector. The range of i8 holds four of them on each
/// side.
pub(super) const STEPS: u32 = 32;
/// The normalisation with these steps: `2^30 · 2^−25` is 32.
const NORM: NormRecord =
    NormRecord { eps: 1, mult: 1 << 30, shift: 30 - STEPS.trailing_zeros() as u8, zero_point: 0 };
/// Maximum magnitude of a bias.
const MAX_BIAS: f64 = (1 << 30) as f64;
/// Maximum standard deviation of the i16 values before the normalisation. The range of i16 holds eight of
/// them on each side.
const SPREAD: f64 = 4000.0;
/// Upper bound of the factor from the accumulator to i16, as for every layer.
const MAX_FACTOR: f64 = 0.25;

/// One part of a descriptor as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Part {
    dim: u8,
    weights: Vec<i8>,
    bias: Vec<u8>,
    mult: Vec<u8>,
    shift: Vec<u8>,
    code_weights: Vec<i8>,
    code_bias: Vec<u8>,
}

impl Part {
    /// The part that represents the map `x → map · x + offset`, whose outputs have the standard deviation 1.
    /// It has no code yet.
    ///
    /// # Panics
    /// If there are no outputs or more than 128.
    pub(super) fn new(map: &Matrix, offset: &[f64]) -> Self {
        let dim = u8::try_from(map.rows()).expect("at most 128 outputs");
        let scales: Vec<f64> = map.each_row().map(|row| largest(row) / 127.0).collect();
        let steps = (MAX_FACTOR / largest(&scales)).min(SPREAD);
        let mut part = Self {
            dim,
            weights: Vec::new(),
            bias: Vec::new(),
            mult: Vec::new(),
            shift: Vec::new(),
            code_weights: vec![0; 64 * usize::from(dim)],
            code_bias: vec![0; 4 * 64],
        };
        for ((row, &scale), offset) in map.each_row().zip(&scales).zip(offset) {
            part.weights.extend(row.iter().map(|weight| (weight / scale).round() as i8));
            let bias = (offset / scale).round().clamp(-MAX_BIAS, MAX_BIAS);
            part.bias.extend((bias as i32).to_le_bytes());
            let factor = multiplier(scale * steps, Requant::MIN_SHIFT, Requant::MAX_SHIFT);
            part.mult.extend(factor.mult.to_le_bytes());
            part.shift.push(factor.shift);
        }
        part
    }

    /// The same with a code: bit i is the sign of row i of `rotation` times the vector, plus `offset[i]`.
    ///
    /// # Panics
    /// If there are not 64 rows of `dim` values.
    #[must_use]
    pub(super) fn with_code(mut self, rotation: &Matrix, offset: &[f64]) -> Self {
        assert_eq!((rotation.rows(), rotation.columns()), (64, usize::from(self.dim)), "rotation");
        let scale = rotation.each_row().map(largest).fold(f64::MIN_POSITIVE, f64::max) / 127.0;
        let rows = rotation.each_row().flatten();
        self.code_weights = rows.map(|weight| (weight / scale).round() as i8).collect();
        let bias = offset.iter().map(|offset| (offset / scale).round().clamp(-MAX_BIAS, MAX_BIAS));
        self.code_bias = bias.flat_map(|bias| (bias as i32).to_le_bytes()).collect();
        self
    }

    /// The vector of inputs, as the runtime computes it.
    ///
    /// # Errors
    /// [`ShapeError`] if there is another number of inputs.
    pub(super) fn vector(&self, x: &[i8]) -> Result<Vec<i8>, ShapeError> {
        let layer = Linear::new(
            &self.weights,
            I32Le::new(&self.bias).unwrap_or_else(|| unreachable!("whole words")),
            I32Le::new(&self.mult).unwrap_or_else(|| unreachable!("whole words")),
            &self.shift,
            x.len(),
        )?;
        let kernels = Kernels::best();
        let mut row = vec![0; self.dim.into()];
        (kernels.linear_add_i16)(x, &layer, &mut row);
        let NormRecord { eps, mult, shift, zero_point } = NORM;
        let norm = Norm { eps, mult, shift, zero_point };
        let mut vector = vec![0; row.len()];
        (kernels.layer_norm_i8)(&row, row.len(), &norm, &mut vector);
        Ok(vector)
    }

    /// Calls `write` with the record.
    pub(super) fn with_record<T>(&self, write: impl FnOnce(PartRecord<'_>) -> T) -> T {
        let bytes = |values: &[i8]| values.iter().map(|v| v.cast_unsigned()).collect::<Vec<u8>>();
        let (weights, code_weights) = (bytes(&self.weights), bytes(&self.code_weights));
        let (bias, mult, shift) = (&self.bias, &self.mult, &self.shift);
        let layer = LinearRecord { weights: &weights, bias, mult, shift };
        let (code_weights, code_bias) = (&code_weights, &self.code_bias);
        write(PartRecord { dim: self.dim, layer, norm: NORM, code_weights, code_bias })
    }
}

/// The largest magnitude of some values, above zero.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(f64::MIN_POSITIVE, |largest, value| value.abs().max(largest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integers_follow_the_map() {
        let mut rng = kit::rng::Rng::new(8);
        let (rows, columns) = (20, 50);
        let mut map = Matrix::zeros(rows, columns);
        for row in 0..rows {
            for column in 0..columns {
                map[(row, column)] = rng.between(-1000, 1000) as f64 / 40_000.0;
            }
        }
        let offset: Vec<f64> = (0..rows).map(|_| rng.between(-10, 10) as f64 / 10.0).collect();
        let part = Part::new(&map, &offset);
        for _ in 0..20 {
            let x: Vec<i8> = (0..columns).map(|_| rng.pick(-100, 100)).collect();
            let reals: Vec<f64> = x.iter().map(|&value| f64::from(value)).collect();
            let outputs = map.apply(&reals).into_iter().zip(&offset).map(|(y, offset)| y + offset);
            let outputs: Vec<f64> = outputs.collect();
            let mean = outputs.iter().sum::<f64>() / rows as f64;
            let square = |y: &f64| (y - mean).powi(2);
            let deviation = (outputs.iter().map(square).sum::<f64>() / rows as f64).sqrt();
            for (found, real) in part.vector(&x).unwrap().into_iter().zip(outputs) {
                let expected = (real - mean) / deviation * f64::from(STEPS);
                assert!((f64::from(found) - expected).abs() < 1.5, "{found} for {expected}");
            }
        }
    }
}
