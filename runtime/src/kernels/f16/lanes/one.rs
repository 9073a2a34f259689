//! One lane, for processors without vectors.

use super::vector::{Lanes, MAX_LANES};
use crate::format::widen;

/// A vector of one f32.
#[derive(Clone, Copy)]
pub(super) struct One;

impl Lanes for One {
    const LANES: usize = 1;
    type V = f32;
    type Group = [f32; 1];
    const ZEROS: [f32; 1] = [0.0];

    #[inline(always)]
    fn splat(self, value: f32) -> f32 {
        value
    }

    #[inline(always)]
    fn load(self, [value]: &[f32; 1]) -> f32 {
        *value
    }

    #[inline(always)]
    fn store(self, value: f32, [to]: &mut [f32; 1]) {
        *to = value;
    }

    #[inline(always)]
    fn load_some(self, from: &[f32]) -> f32 {
        from.first().copied().unwrap_or(0.0)
    }

    #[inline(always)]
    fn store_some(self, value: f32, to: &mut [f32]) {
        if let Some(to) = to.first_mut() {
            *to = value;
        }
    }

    #[inline(always)]
    fn add(self, a: f32, b: f32) -> f32 {
        a + b
    }

    #[inline(always)]
    fn sub(self, a: f32, b: f32) -> f32 {
        a - b
    }

    #[inline(always)]
    fn mul(self, a: f32, b: f32) -> f32 {
        a * b
    }

    #[inline(always)]
    fn div(self, a: f32, b: f32) -> f32 {
        a / b
    }

    #[inline(always)]
    fn greater(self, a: f32, b: f32) -> f32 {
        if a > b { a } else { b }
    }

    #[inline(always)]
    fn less(self, a: f32, b: f32) -> f32 {
        if a < b { a } else { b }
    }

    #[inline(always)]
    fn add_exponent(self, a: f32, b: f32) -> f32 {
        f32::from_bits(a.to_bits().wrapping_add(b.to_bits() << 23))
    }

    #[inline(always)]
    fn columns_of_halves(self, [row, ..]: [&[[u8; 2]; 8]; MAX_LANES]) -> [f32; 8] {
        row.map(widen)
    }

    #[inline(always)]
    fn columns(self, row: impl Fn(usize) -> [f32; 4]) -> [f32; 4] {
        row(0)
    }
}
