//! Elementary functions and sums in a form that compilers turn into vector instructions. They have no
//! branches and no calls, and a sum has several independent partial sums.

/// `2/√π`, the slope of the error function at 0.
#[cfg(test)]
const ERF_SLOPE: f64 = std::f64::consts::FRAC_2_SQRT_PI;

/// Independent partial sums of a reduction.
const LANES: usize = 16;

/// Beyond this the error function is ±1 in f32.
const ERF_LIMIT: f32 = 4.0;
/// Odd polynomial in the numerator, lowest power first.
const ERF_ABOVE: [f32; 7] = [
    -1.609_603_3e-2,
    -2.954_6e-3,
    -7.349_906e-4,
    -5.692_506_4e-5,
    -2.101_024e-6,
    2.770_681_4e-8,
    -2.726_142_3e-10,
];
/// Polynomial in the denominator, lowest power first.
const ERF_BELOW: [f32; 5] =
    [-1.426_473_9e-2, -7.373_329e-3, -1.682_827e-3, -2.133_740_6e-4, -1.456_607_2e-5];

/// The error function, with an error below 4e-7.
///
/// The rational approximation of Eigen's `generic_fast_erf_float`.
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let x = x.clamp(-ERF_LIMIT, ERF_LIMIT);
    let square = x * x;
    x * polynomial(square, &ERF_ABOVE) / polynomial(square, &ERF_BELOW)
}

/// Smallest argument with a normal result.
const EXP_LIMIT: f32 = -87.0;
/// Adding this number rounds to an integer. The lowest bits of the sum are that integer.
const EXP_ROUND: f32 = 12_582_912.0;
/// `ln 2` as a sum of two parts. The first has so few bits that its products with integers are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Polynomial of `(e^r − 1 − r)/r²` for `|r| ≤ ln 2 / 2`, lowest power first (Cephes `expf`).
const EXP: [f32; 6] = [0.5, 0.166_666_65, 4.166_579_6e-2, 8.333_452e-3, 1.398_2e-3, 1.987_569_1e-4];

/// `e^x` for `x ≤ 0`, with a relative error below 3e-7; below −87 it stays at `e^−87`.
#[inline(always)]
pub(super) fn exp_of_negative(x: f32) -> f32 {
    let x = x.max(EXP_LIMIT);
    let shifted = x * std::f32::consts::LOG2_E + EXP_ROUND;
    let power = shifted - EXP_ROUND;
    let rest = x - power * LN_2[0] - power * LN_2[1];
    let fraction = rest * rest * polynomial(rest, &EXP) + rest + 1.0;
    // The integer `power` sits in the lowest bits of `shifted`; the rest is shifted out.
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    fraction * scale
}

/// Sum of all values.
#[inline(always)]
pub(super) fn sum(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    let mut total = add_lanes(lanes);
    for value in rest {
        total += value;
    }
    total
}

/// Sum of squared distances from `mean`.
///
/// Centred before squaring: a large mean would cancel in E[x²] − E[x]².
#[inline(always)]
pub(super) fn sum_of_squares(values: &[f32], mean: f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += (value - mean) * (value - mean);
        }
    }
    let mut total = add_lanes(lanes);
    for value in rest {
        total += (value - mean) * (value - mean);
    }
    total
}

/// Sum of products.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let mut total = add_lanes(lanes);
    for (a, b) in a_rest.iter().zip(b_rest) {
        total += a * b;
    }
    total
}

/// Largest value; negative infinity if there is none.
#[inline(always)]
pub(super) fn maximum(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = if value > *lane { value } else { *lane };
        }
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            let value = lanes[lane + half];
            lanes[lane] = if value > lanes[lane] { value } else { lanes[lane] };
        }
        half /= 2;
    }
    let mut largest = lanes[0];
    for &value in rest {
        largest = if value > largest { value } else { largest };
    }
    largest
}

/// Adds one half of the lanes to the other until one is left: four dependent additions instead of fifteen.
#[inline(always)]
fn add_lanes(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: &[f32; N]) -> f32 {
    let mut value = coefficients[N - 1];
    for power in (0..N - 1).rev() {
        value = value * x + coefficients[power];
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error function by its power series, which converges quickly for small arguments.
    fn erf_series(x: f64) -> f64 {
        let mut term = x;
        let mut total = x;
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            total += term / f64::from(2 * n + 1);
        }
        total * ERF_SLOPE
    }

    #[test]
    fn erf_agrees_with_its_series() {
        for step in -5000..=5000 {
            let x = step as f32 * 1e-3;
            let error = f64::from(erf(x)) - erf_series(f64::from(x));
            assert!(error.abs() < 4e-7, "erf({x}) is off by {error}");
        }
        assert_eq!((erf(9.0), erf(-9.0)), (erf(4.0), erf(-4.0)), "far arguments");
    }

    #[test]
    fn exp_agrees_with_the_library() {
        for step in 0..=86_000 {
            let x = step as f32 * -1e-3;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp_of_negative(x)) - exact) / exact;
            assert!(error.abs() < 3e-7, "exp({x}) is off by a factor 1 + {error}");
        }
        assert_eq!(exp_of_negative(0.0), 1.0, "exp(0)");
        assert!(exp_of_negative(f32::NEG_INFINITY) < 1e-37, "exp(-inf)");
    }

    #[test]
    fn reductions_take_every_value_once() {
        for len in [0, 1, 15, 16, 17, 40] {
            let values = (0..len).map(|i| (i % 7) as f32).collect::<Vec<_>>();
            let naive = values.iter().sum::<f32>();
            assert_eq!(sum(&values), naive, "sum of {len}");
            let squares = values.iter().map(|x| x * x).sum::<f32>();
            assert_eq!(dot(&values, &values), squares, "dot of {len}");
            let centred = values.iter().map(|x| (x - 2.0) * (x - 2.0)).sum::<f32>();
            assert_eq!(sum_of_squares(&values, 2.0), centred, "squares of {len}");
            let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(maximum(&values), largest, "maximum of {len}");
        }
    }
}
