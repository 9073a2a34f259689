//! The products of rows of inputs with eight channels. The sets differ in the instruction for it.

use super::vector::Vector;
use crate::kernels::tile_rows::TileRows;

/// Bytes of converted inputs that are multiplied together.
pub(in crate::kernels) const CHUNK: usize = 16;
/// Channels of a panel of weights: two vectors of sums.
pub(in crate::kernels) const CHANNELS: usize = 8;

/// The weights of [`CHANNELS`] channels for a chunk of inputs.
pub(in crate::kernels) type Block = [[i8; CHUNK]; CHANNELS];

/// How a set multiplies.
pub(in crate::kernels) trait Multiply {
    /// The vectors of the set.
    type V: Vector;
    /// Inputs of a chunk, 8 or 16.
    const INPUTS: usize;
    /// The conversion of an input depends on its number modulo this.
    const PERIOD: usize;
    /// The products for rows that can begin with any input of a converted chunk, with a period of 1.
    type Unaligned: Multiply<V = Self::V>;
    /// Subtracted from exponentials, which are 0 to 255, before they are inputs.
    const EXPONENTIAL_OFFSET: i32;

    /// Converts the inputs of a chunk.
    fn convert(x: Self::V) -> Self::V;

    /// Stores eight exponentials, i16, less the offset and converted. They are the lower or the upper half of a chunk
    /// of sixteen inputs, or a chunk of eight. `upper` says which half.
    fn store_exponentials(e: Self::V, upper: bool, out: &mut [i8]);

    /// Reorders the weights of a chunk, one row for each channel.
    fn arrange(rows: [Self::V; CHANNELS]) -> [Self::V; CHANNELS];

    /// Adds to the four lanes of `sums`, spread over them in any way, the amount by which the conversion of inputs
    /// increases the sum for a row of weights. Most conversions increase nothing.
    #[inline]
    fn excess(sums: Self::V, _row: Self::V) -> Self::V {
        sums
    }

    /// Adds `Σ x · w` of each row and channel to `sums`, modulo `2^32`. `x` has the chunks of each run. `weights` has
    /// a block for each of these chunks, run after run.
    fn accumulate<const R: usize>(
        sums: &mut [[Self::V; 2]; R],
        x: &[TileRows<'_, CHUNK, R>],
        weights: &[Block],
    );
}

/// Each run with its weights.
#[inline]
pub(in crate::kernels) fn runs<'x, 'r, const R: usize>(
    x: &'x [TileRows<'r, CHUNK, R>],
    mut weights: &'x [Block],
) -> impl Iterator<Item = (&'x TileRows<'r, CHUNK, R>, &'x [Block])> {
    x.iter().map(move |x| {
        let (first, rest) = weights.split_at_checked(x.len).unwrap_or((weights, &[]));
        weights = rest;
        (x, first)
    })
}
