//! Arithmetic on single values and on single rows, written from `INTEGER.md`.
//!
//! Every range that the page states is asserted here, so that a wrong bound fails a test.

use super::blob::{Factor, Z};

pub(super) const fn pow2(n: Z) -> Z {
    1 << n
}

/// `⌊value / 2^n⌋`.
pub(super) const fn shift_right(value: Z, n: Z) -> Z {
    value.div_euclid(pow2(n))
}

pub(super) fn sat8(value: Z) -> Z {
    value.clamp(-128, 127)
}

pub(super) fn sat16(value: Z) -> Z {
    value.clamp(-32_768, 32_767)
}

fn within(what: &str, value: Z, min: Z, below: Z) -> Z {
    assert!((min..below).contains(&value), "{what} is {value}, not in {min}..{below}");
    value
}

/// An accumulator, which fits i32.
pub(super) fn acc(value: Z) -> Z {
    within("an accumulator", value, -pow2(31), pow2(31))
}

/// Requantization.
pub(super) fn requant(acc: Z, (mult, shift): Factor) -> Z {
    within("mult", mult, pow2(30), pow2(31));
    within("shift", shift, 32, 63);
    let product = within("a product", self::acc(acc) * mult, -pow2(62), pow2(62));
    let result = shift_right(product + pow2(shift - 1), shift);
    within("a rescaled value", result, -pow2(30), pow2(30) + 1)
}

/// `e_i` of a row and `y`, with `x̂_i = e_i · y · 2^−56`.
pub(super) fn normalise(x: &[Z], eps: Z) -> (Vec<Z>, Z) {
    let n = Z::try_from(x.len()).expect("a row");
    within("eps", eps, 1, pow2(31));
    let sum: Z = x.iter().sum();
    let squares: Z = x.iter().map(|x| x * x).sum();
    let v = n * squares - sum * sum + n * n * eps;
    within("V", v, 1, pow2(52));
    // Leading zeros of V as a u64: 63 minus the position of its highest bit.
    let mut leading_zeros = 0;
    while v < pow2(63 - leading_zeros) {
        leading_zeros += 1;
    }
    let h = within("h", leading_zeros / 2, 6, 32);
    let m = within("m", shift_right(v * pow2(2 * h), 32), pow2(30), pow2(32));
    let y = within("y", rsqrt(m), pow2(30), pow2(31));
    let e = x
        .iter()
        .map(|x| {
            let d = n * x - sum;
            within("d", d, -pow2(37 - h), pow2(37 - h));
            within("e", d * pow2(h - 6), -pow2(31), pow2(31))
        })
        .collect();
    (e, y)
}

/// `2^46 / √m`.
pub(super) fn rsqrt(m: Z) -> Z {
    const C0: Z = 2_867_720_522;
    const C1: Z = 3_527_475_764;
    const C2: Z = 1_759_337_317;
    let y0 = C0 - shift_right(C1 * m, 32) + shift_right(C2 * shift_right(m * m, 32), 32);
    let mut y = y0.rem_euclid(pow2(32));
    for _ in 0..3 {
        let s = shift_right(y * y, 32);
        let p = shift_right(s * m, 32);
        let bracket = within("3 - p", 3 * pow2(28) - p, 0, pow2(32));
        y = within("y", shift_right(y * bracket, 29), 0, pow2(32));
    }
    y.min(pow2(31) - 1)
}

/// Octaves of a score `d` below the row's maximum, 11 fraction bits.
pub(super) fn octaves(d: Z, mult_e: Z) -> Z {
    within("mult_e", mult_e, 1, pow2(30) + 1);
    let limit = (18_431 * pow2(17)) / mult_e;
    let product = within("a product", d.min(limit + 1) * mult_e, 0, pow2(32));
    shift_right(product, 17).min(18_431)
}

fn mul(a: Z, b: Z) -> Z {
    shift_right(a * b + pow2(14), 15)
}

/// `255 · 2^7 · 2^−f`.
fn mantissa(x: Z) -> Z {
    let f = (x % 2048) * 16;
    let mut p = -1327;
    p = 7592 + mul(p, f);
    p = -22_588 + mul(p, f);
    32_640 + mul(p, f)
}

/// `255 · 2^−x` as u8.
pub(super) fn exp2_neg(x: Z) -> Z {
    let n = within("n", x / 2048, 0, 9);
    let e = mul(mantissa(x), 256 / pow2(n));
    within("e", e, 0, 256)
}

/// The multiplier of a row whose exponentials sum to `sum`.
pub(super) fn row_mult(mult: Z, sum: Z) -> Z {
    within("a row's sum", sum, 255, 255 * 1024 + 1);
    let r = within("r", pow2(31) / sum, pow2(13), pow2(24));
    within("P", shift_right(mult * r, 24), pow2(19), pow2(31))
}

/// Probabilities with 16 fraction bits.
pub(super) fn probabilities(logits: &[Z], (mult, shift): Factor) -> Vec<Z> {
    let highest = logits.iter().copied().max().expect("at least two classes");
    let e: Vec<Z> = logits
        .iter()
        .map(|logit| {
            let x = shift_right((highest - logit) * mult, shift).min(30_719);
            shift_right(mantissa(x), x / 2048)
        })
        .collect();
    let sum = within("the sum", e.iter().sum(), 1, pow2(25));
    e.iter()
        .map(|e| {
            let share = within("a share", e * 65_536 + sum / 2, 0, pow2(32));
            (share / sum).min(65_535)
        })
        .collect()
}
