//! Outputs that are computed part by part on all cores.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// Makes `N` outputs of `items` items with `lens` values each. `work(first item, blanks)` fills the values
/// of `part` items, or fewer at the end; its results are returned in the order of the parts.
///
/// # Panics
/// If a part does not take all of its values.
pub(crate) fn filled<const N: usize, R: Send>(
    items: usize,
    lens: [usize; N],
    part: usize,
    work: impl Fn(usize, &mut [Blank<'_>; N]) -> R + Sync,
) -> ([Vec<f32>; N], Vec<R>) {
    let mut outputs = lens.map(|len| Vec::with_capacity(items * len));
    let mut rests = outputs.each_mut().map(Vec::spare_capacity_mut);
    let mut parts = Vec::with_capacity(items.div_ceil(part));
    for first in (0..items).step_by(part) {
        let count = part.min(items - first);
        let mut lens = lens.iter();
        let blanks = rests.each_mut().map(|rest| {
            let len = count * lens.next().expect("as many as outputs");
            Blank { rest: rest.split_off_mut(..len).expect("the capacity is that of all items") }
        });
        parts.push((first, blanks));
    }
    let results = parts
        .into_par_iter()
        .map(|(first, mut blanks)| {
            let result = work(first, &mut blanks);
            assert!(blanks.iter().all(|blank| blank.rest.is_empty()), "every value is taken");
            result
        })
        .collect();
    for (output, len) in outputs.iter_mut().zip(lens) {
        // SAFETY: the parts cover all items. Each part was asserted to have handed out all of its values,
        // and a value is written before it is handed out.
        unsafe { output.set_len(items * len) };
    }
    (outputs, results)
}

/// Values of an output that are not written yet.
#[derive(Debug)]
pub(crate) struct Blank<'a> {
    rest: &'a mut [MaybeUninit<f32>],
}

impl<'a> Blank<'a> {
    /// Values not handed out so far.
    pub(crate) const fn len(&self) -> usize {
        self.rest.len()
    }

    /// The next `len` values, as zeros.
    ///
    /// They are zeroed just before use, so that they are still in the cache.
    ///
    /// # Panics
    /// If there are fewer.
    pub(crate) fn take(&mut self, len: usize) -> &'a mut [f32] {
        let values = self.rest.split_off_mut(..len).expect("as many values as are left");
        values.fill(MaybeUninit::new(0.0));
        // SAFETY: the line above has written every value, and both types have the same layout.
        unsafe { &mut *(std::ptr::from_mut(values) as *mut [f32]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_length() {
        for (items, part) in [(0, 1), (1, 1), (7, 3), (6, 3), (2, 5)] {
            let ([first, second], results) = filled(items, [1, 2], part, |at, blanks| {
                let [first, second] = blanks.each_mut().map(|blank| blank.take(blank.len()));
                assert!(first.iter().chain(second.iter()).all(|&value| value == 0.0), "zeros");
                for (offset, value) in first.iter_mut().enumerate() {
                    *value = (at + offset) as f32;
                }
                second.fill(1.0);
                at
            });
            let counted = (0..items).map(|at| at as f32).collect::<Vec<_>>();
            assert_eq!(first, counted, "{items} values in parts of {part}");
            assert_eq!(second, vec![1.0; 2 * items], "the second output");
            assert_eq!(results, (0..items).step_by(part).collect::<Vec<_>>(), "in order");
        }
    }

    #[test]
    #[should_panic(expected = "every value is taken")]
    fn a_part_takes_all_of_its_values() {
        filled(3, [2], 2, |_, [blank]| blank.take(2).len());
    }
}
