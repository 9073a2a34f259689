//! New values, made part by part on all processors.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// `N` outputs of `len` values: `work(part, slices)` fills the part of each, `part_len` values but
/// for the last, which it gets as zeros; what it returns comes back in the order of the parts.
///
/// Each part is zeroed where it is worked on, just before: for a whole output at once the other
/// processors would wait, and the values would have left the cache again.
pub(in crate::ops) fn filled<const N: usize, R: Send>(
    len: usize,
    part_len: usize,
    work: impl Fn(usize, [&mut [f32]; N]) -> R + Sync,
) -> ([Vec<f32>; N], Vec<R>) {
    let mut outputs = [(); N].map(|()| Vec::with_capacity(len));
    let mut chunks =
        outputs.each_mut().map(|output| output.spare_capacity_mut()[..len].chunks_mut(part_len));
    let parts = (0..len.div_ceil(part_len))
        .map(|_| chunks.each_mut().map(|chunks| chunks.next().expect("as many as parts")))
        .collect::<Vec<_>>();
    let results = parts
        .into_par_iter()
        .enumerate()
        .map(|(part, slices)| work(part, slices.map(zeroed)))
        .collect();
    for output in &mut outputs {
        // SAFETY: the parts cover the first `len` values, and `zeroed` has written all of each.
        unsafe { output.set_len(len) };
    }
    (outputs, results)
}

fn zeroed(values: &mut [MaybeUninit<f32>]) -> &mut [f32] {
    values.fill(MaybeUninit::new(0.0));
    // SAFETY: the line above has written every value, and both types have the same layout.
    unsafe { &mut *(std::ptr::from_mut(values) as *mut [f32]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_length() {
        for (len, part_len) in [(0, 1), (1, 1), (7, 3), (6, 3), (2, 5)] {
            let ([first, second], results) = filled(len, part_len, |part, [first, second]| {
                assert!(first.iter().chain(second.iter()).all(|&value| value == 0.0), "zeros");
                for (at, value) in first.iter_mut().enumerate() {
                    *value = (part * part_len + at) as f32;
                }
                second.fill(1.0);
                part
            });
            let counted = (0..len).map(|at| at as f32).collect::<Vec<_>>();
            assert_eq!(first, counted, "{len} values in parts of {part_len}");
            assert_eq!(second, vec![1.0; len], "the second output");
            assert_eq!(results, (0..len.div_ceil(part_len)).collect::<Vec<_>>(), "in order");
        }
    }
}
