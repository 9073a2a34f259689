//! Memory for intermediate values, one block per thread.

use std::cell::RefCell;

/// Number of values in a cache line. Each buffer starts at a new cache line.
const LINE: usize = 16;

thread_local! {
    static VALUES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Calls `work` with buffers of `lens` values, whose content is undefined.
///
/// # Panics
/// If called within `work`.
pub(super) fn with_scratch<const N: usize, R>(
    lens: [usize; N],
    work: impl FnOnce([&mut [f32]; N]) -> R,
) -> R {
    VALUES.with_borrow_mut(|values| {
        let total = LINE + lens.iter().map(|len| len.next_multiple_of(LINE)).sum::<usize>();
        if values.len() < total {
            values.resize(total, 0.0);
        }
        let start = values.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        let mut rest = &mut values[start..];
        work(lens.map(|len| {
            let buffer = rest.split_off_mut(..len.next_multiple_of(LINE));
            &mut buffer.expect("the total covers all buffers")[..len]
        }))
    })
}
