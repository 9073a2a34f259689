//! What cannot happen unless this crate has a bug.
//!
//! A release build has no panic to reach: there, a broken invariant gives a value without meaning,
//! such as an empty slice. A debug build panics at the place that found it.

/// The value, which is there by an invariant of the caller; `otherwise` in a release build where it
/// is missing.
#[inline]
#[track_caller]
pub(crate) fn present_or<T>(value: Option<T>, otherwise: T) -> T {
    debug_assert!(value.is_some(), "an invariant of the runtime is broken");
    value.unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_given() {
        assert_eq!(present_or(Some(1), 2), 1, "the value");
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "an invariant of the runtime is broken")]
    fn a_debug_build_panics_where_it_is_missing() {
        present_or(None, 2);
    }
}
