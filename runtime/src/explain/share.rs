//! Exact quotients of 64-bit sums without a division of 64-bit numbers.

/// `⌊dividend / divisor⌋`, at most `2^bits − 1`. 0 if `divisor` is 0.
///
/// It subtracts and compares, one bit after another. A 64-bit division is a library call on a 32-bit
/// processor.
///
/// # Ranges and overflow
/// `divisor < 2^(64 − bits)`.
pub(super) fn quotient(dividend: u64, divisor: u64, bits: u32) -> u32 {
    if divisor == 0 {
        return 0;
    }
    let (mut rest, mut quotient) = (dividend, 0);
    for bit in (0..bits).rev() {
        if rest >= divisor << bit {
            rest -= divisor << bit;
            quotient |= 1 << bit;
        }
    }
    quotient
}

/// `part / whole` in steps of `2^−16`, rounded, at most 65,535. 0 if `whole` is 0.
///
/// # Ranges and overflow
/// `part ≤ whole < 2^47`.
pub(super) fn share(part: u64, whole: u64) -> u16 {
    let share = quotient((part << 16) + (whole >> 1), whole, 17);
    u16::try_from(share).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_exact_and_stop_at_their_bits() {
        for (dividend, divisor) in [(0, 3), (9, 3), (10, 3), (126, 1), (127, 1), (1 << 50, 1 << 44)]
        {
            let found = u64::from(quotient(dividend, divisor, 7));
            assert_eq!(found, (dividend / divisor).min(127), "{dividend} / {divisor}");
        }
        assert_eq!(quotient(1000, 1, 7), 127, "beyond seven bits");
        assert_eq!(quotient(5, 0, 7), 0, "by nothing");
    }

    #[test]
    fn shares_are_rounded() {
        assert_eq!(share(1, 2), 1 << 15, "half");
        assert_eq!(share(2, 3), 43_691, "two thirds, 43,690.67");
        assert_eq!(share(7, 7), u16::MAX, "all");
        assert_eq!(share(0, 0), 0, "nothing of nothing");
        assert_eq!(share((1 << 47) - 1, (1 << 47) - 1), u16::MAX, "the largest");
    }
}
