//! The operations that the loops need of a processor.

/// Maximum number of lanes.
pub(in crate::kernels) const MAX_LANES: usize = 16;

/// Operations on vectors of f32. A value of the type is a proof that the processor has the instructions.
///
/// Each operation rounds as IEEE 754 says, and does not flush subnormal numbers.
pub(in crate::kernels) trait Lanes: Copy {
    /// Number of lanes, which divides 16.
    const LANES: usize;
    /// A vector in a register.
    type V: Copy;
    /// A vector in memory, `[f32; LANES]`.
    type Group: Copy + AsRef<[f32]> + AsMut<[f32]>;
    /// Zeros.
    const ZEROS: Self::Group;

    /// The value in each lane.
    fn splat(self, value: f32) -> Self::V;
    /// A vector from memory.
    fn load(self, from: &Self::Group) -> Self::V;
    /// A vector to memory.
    fn store(self, values: Self::V, to: &mut Self::Group);
    /// The first values, zeros beyond the last.
    fn load_some(self, from: &[f32]) -> Self::V;
    /// The first values, as many as `to` has.
    fn store_some(self, values: Self::V, to: &mut [f32]);
    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a − b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a > b ? a : b`.
    fn greater(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a < b ? a : b`.
    fn less(self, a: Self::V, b: Self::V) -> Self::V;
    /// The bits of `a`, plus those of `b` shifted left by 23: `a · 2^n` with the sum `n + 1.5 · 2^23` as `b`.
    fn add_exponent(self, a: Self::V, b: Self::V) -> Self::V;
    /// The square root of one value.
    fn sqrt(self, value: f32) -> f32 {
        libm::sqrtf(value)
    }
    /// Eight finite f16 of one row for each lane: the vectors of the first, the second and so on, widened. Rows
    /// after the last lane are not read.
    fn columns_of_halves(self, rows: [&[[u8; 2]; 8]; MAX_LANES]) -> [Self::V; 8];
    /// Four values of one row for each lane: the vectors of the first, the second and so on.
    fn columns(self, row: impl Fn(usize) -> [f32; 4]) -> [Self::V; 4];
}

/// Memory whose groups do not cross cache lines.
#[repr(C, align(64))]
pub(in crate::kernels) struct Aligned<T>(pub(in crate::kernels) T);
