//! Values of four rows, one beside another.

use super::machine::Wide;

/// Rows that are multiplied together.
pub(super) const ROWS: usize = 4;
/// Inputs that are read in one step.
const STEP: usize = 4;
/// A value of each row.
pub(super) type Four = [Wide; ROWS];

/// Writes rows of the length of `to`.
#[inline(always)]
pub(super) fn interleave<'a>(rows: [&'a [i8]; ROWS], to: &'a mut [Four]) -> &'a [Four] {
    let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] = rows.map(<[i8]>::as_chunks::<STEP>);
    let (steps, rest) = to.as_chunks_mut::<STEP>();
    // A step is unrolled.
    for ((((to, a), b), c), d) in steps.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        write([a, b, c, d].map(<[i8; STEP]>::as_slice), to);
    }
    write([a_rest, b_rest, c_rest, d_rest], rest);
    to
}

#[inline(always)]
fn write([a, b, c, d]: [&[i8]; ROWS], to: &mut [Four]) {
    for ((((to, &a), &b), &c), &d) in to.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *to = [a.into(), b.into(), c.into(), d.into()];
    }
}
