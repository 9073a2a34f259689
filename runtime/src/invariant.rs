//! Checks of invariants, which fail only if this crate has a bug.
//!
//! A release build must not panic. If an invariant is broken there, the check gives a value without
//! meaning, such as an empty slice. A debug build panics at the caller of the check.

/// Returns a value that is present by an invariant of the caller. If it is missing, a debug build panics,
/// and a release build gets `otherwise`.
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
    fn a_present_value_is_returned() {
        assert_eq!(present_or(Some(1), 2), 1, "the value");
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "an invariant of the runtime is broken")]
    fn a_debug_build_panics_where_it_is_missing() {
        present_or(None, 2);
    }
}
