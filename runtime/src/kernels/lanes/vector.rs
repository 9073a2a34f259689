//! What the kernels of this folder need of a vector of 128 bits.

/// A vector of sixteen i8, eight i16 or four i32. Where a name ends in a number, it is the number of bits of a
/// lane. Operations wrap unless they say otherwise.
pub(in crate::kernels) trait Vector: Copy {
    /// All lanes 0.
    fn zero() -> Self;
    fn splat16(value: i16) -> Self;
    fn splat32(value: i32) -> Self;

    fn load(values: &[i8; 16]) -> Self;
    /// The upper eight lanes are 0.
    fn load_half(values: &[i8; 8]) -> Self;
    fn load16(values: &[i16; 8]) -> Self;
    fn load32(values: &[i32; 4]) -> Self;
    fn store(self, out: &mut [i8; 16]);
    /// The lower eight lanes.
    fn store_half(self, out: &mut [i8; 8]);
    fn store16(self, out: &mut [i16; 8]);
    fn store32(self, out: &mut [i32; 4]);

    fn add16_saturating(self, other: Self) -> Self;
    fn sub16(self, other: Self) -> Self;
    fn add32(self, other: Self) -> Self;
    fn sub32(self, other: Self) -> Self;
    fn mul32(self, other: Self) -> Self;
    fn max32(self, other: Self) -> Self;
    /// The lanes shifted right by `1 ≤ shift ≤ 31`, their signs kept.
    fn shift_right32(self, shift: u8) -> Self;

    /// The lower and the upper eight i8 as i16.
    fn widen8(self) -> [Self; 2];
    /// The lower and the upper four i16 as i32.
    fn widen16(self) -> [Self; 2];
    /// Sixteen i16 as i8, saturated.
    fn narrow16(self, upper: Self) -> Self;
    /// Eight i32 as i16, saturated.
    fn narrow32(self, upper: Self) -> Self;

    /// The lanes of two vectors in turns: those of the lower halves, then those of the upper halves.
    fn zip8(self, other: Self) -> [Self; 2];
    fn zip32(self, other: Self) -> [Self; 2];

    /// The sum of four i32.
    fn total32(self) -> i32;
    /// The largest of four i32.
    fn highest32(self) -> i32;
    /// The total of each vector, in order.
    fn totals32(vectors: [Self; 4]) -> Self;
    /// Adds neighbouring i16 of `values` to the lanes.
    fn add_pairs16(self, values: Self) -> Self;
    /// Adds all i8 of `values` to the lanes, spread over them in any way.
    fn add_all8(self, values: Self) -> Self;
    /// Adds the squares of eight i16 to sums for [`Self::total_squares`].
    fn add_squares16(sums: [Self; 2], values: Self) -> [Self; 2];
    /// The sum of the squares of up to 1,024 i16.
    fn total_squares(sums: [Self; 2]) -> i64;

    /// What rescales four lanes.
    type Requant: Copy;
    /// Multipliers from `2^19`, shifts from 32 to 62.
    fn requant(mult: [i32; 4], shift: [u8; 4]) -> Self::Requant;
    /// `(value · mult + 2^(shift − 1)) >> shift` of each lane.
    fn rescale(self, requant: &Self::Requant) -> Self;

    /// `min(self − other, limit) · mult >> 17`, for differences that are not negative.
    fn octaves(self, other: Self, limit: Self, mult: Self) -> Self;
    /// [`exp2_neg`](crate::fixed::exp2_neg) of eight i16 octaves, which are clamped first.
    fn exp2_neg(self) -> Self;

    /// Four rows of eight i16 in the form in which [`Self::add_column`] multiplies them.
    fn column(rows: [Self; 4]) -> [Self; 4];
    /// Adds to eight i32 the sum of the products of four rows, for products that fit `2^15`.
    fn add_column(sums: [Self; 2], x: &[Self; 4], w: &[Self; 4]) -> [Self; 2];

    /// Replaces each value by the table's entry for its bits.
    fn look_up(table: &[i8; 256], values: &mut [i8]);
}

/// The first values as a vector, zeros beyond the last.
#[inline]
pub(super) fn load_up_to<V: Vector>(values: &[i8]) -> V {
    if let Some(all) = values.first_chunk::<16>() {
        return V::load(all);
    }
    let mut all = [0; 16];
    let (halves, rest) = values.as_chunks::<8>();
    let places = if let (Some(half), Some((first, second))) =
        (halves.first(), all.split_first_chunk_mut())
    {
        *first = *half;
        second
    } else {
        &mut all[..]
    };
    for (to, from) in places.iter_mut().zip(rest) {
        *to = *from;
    }
    V::load(&all)
}

/// As [`load_up_to`], at most eight values.
#[inline]
pub(super) fn load_half_up_to<V: Vector>(values: &[i8]) -> V {
    if let Some(all) = values.first_chunk::<8>() {
        return V::load_half(all);
    }
    let mut all = [0; 8];
    for (to, from) in all.iter_mut().zip(values) {
        *to = *from;
    }
    V::load_half(&all)
}

/// As [`load_up_to`], for up to eight i16.
#[inline]
pub(super) fn load16_up_to<V: Vector>(values: &[i16]) -> V {
    if let Some(all) = values.first_chunk::<8>() {
        return V::load16(all);
    }
    let mut all = [0; 8];
    for (to, from) in all.iter_mut().zip(values) {
        *to = *from;
    }
    V::load16(&all)
}

/// Stores the first eight i8, as many as `out` has.
#[inline]
pub(super) fn store_half_up_to<V: Vector>(values: V, out: &mut [i8]) {
    if let Some(all) = out.first_chunk_mut::<8>() {
        return values.store_half(all);
    }
    let mut all = [0; 8];
    values.store_half(&mut all);
    for (to, from) in out.iter_mut().zip(all) {
        *to = from;
    }
}

/// Stores the first eight i16, as many as `out` has.
#[inline]
pub(super) fn store16_up_to<V: Vector>(values: V, out: &mut [i16]) {
    if let Some(all) = out.first_chunk_mut::<8>() {
        return values.store16(all);
    }
    let mut all = [0; 8];
    values.store16(&mut all);
    for (to, from) in out.iter_mut().zip(all) {
        *to = from;
    }
}

/// `sat8(zero_point + value)` of eight lanes, in the lower half. The saturation to i16 in between changes no
/// result, because a value that saturates there also saturates to i8.
#[inline]
pub(super) fn pack<V: Vector>([first, second]: [V; 2], zero_point: V) -> V {
    let all = first.narrow32(second).add16_saturating(zero_point);
    all.narrow16(all)
}
