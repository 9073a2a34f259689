//! GELU as tables over the bits of an i8.

use trainer::quantize::Affine;

/// `x · (1 + erf(x / √2)) / 2`.
fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + libm::erf(x / core::f64::consts::SQRT_2))
}

/// The derivative of [`gelu`]: `Φ(x) + x·φ(x)`.
pub fn gelu_slope(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() * core::f64::consts::FRAC_2_SQRT_PI / 8f64.sqrt();
    0.5 * (1.0 + libm::erf(x / core::f64::consts::SQRT_2)) + x * density
}

/// Entry `q as u8` holds GELU of the value of `q` at `input`, quantized for `output`; ties to even.
pub fn gelu_table_i8(input: Affine, output: Affine) -> [i8; 256] {
    by_bits(|q| {
        let q =
            (gelu(input.real(q)) / output.scale).round_ties_even() + f64::from(output.zero_point);
        q.clamp(-128.0, 127.0) as i8
    })
}

/// As [`gelu_table_i8`], with i16 entries at a symmetric scale.
pub fn gelu_table_i16(input: Affine, scale: f64) -> [i16; 256] {
    by_bits(|q| (gelu(input.real(q)) / scale).round_ties_even().clamp(-32_768.0, 32_767.0) as i16)
}

fn by_bits<T>(entry: impl Fn(i32) -> T) -> [T; 256] {
    core::array::from_fn(|bits| entry(i32::from((bits as u8).cast_signed())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trainer::quantize::Range;

    #[test]
    fn entries_are_within_half_a_step() {
        let input = Affine::asymmetric(Range { min: -4.0, max: 6.0 }, 0.0);
        let output = Affine::asymmetric(Range { min: -0.17, max: 6.0 }, 0.0);
        let table = gelu_table_i8(input, output);
        for q in i8::MIN..=i8::MAX {
            let real = gelu(input.real(q.into()));
            let stored = output.real(table[usize::from(q.cast_unsigned())].into());
            assert!((real - stored).abs() <= output.scale * 0.51, "{q}: {stored} for {real}");
        }
    }

    #[test]
    fn gelu_has_its_known_values() {
        assert!((gelu(1.0) - 0.841_344_746_068_542_9).abs() < 1e-12, "at 1");
        assert!((gelu(-1.0) + 0.158_655_253_931_457_05).abs() < 1e-12, "at -1");
        for x in [-3.0, -0.5, 0.0, 0.7, 2.0] {
            let difference = (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5;
            assert!((gelu_slope(x) - difference).abs() < 1e-9, "slope at {x}");
        }
    }
}
