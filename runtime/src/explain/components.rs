//! Connected tokens of a grid.

/// The label of a token that is in no component.
pub(super) const NONE: u16 = u16::MAX;

/// Labels each token that is `inside` with the first token of its component, and every other token with
/// [`NONE`].
///
/// Tokens are connected if they have an edge in common: left and right, or above and below. The first token
/// is the one with the smallest index, row by row. `labels` has one value for each token, at most
/// [`MAX_TOKENS`](crate::config::MAX_TOKENS), in rows of `columns`; its contents before do not matter.
///
/// # Source
/// Hoshen and Kopelman, *Percolation and cluster distribution*, 1976: one pass that joins labels, and one
/// that replaces them by the first of their set.
pub(super) fn components(columns: usize, inside: impl Fn(usize) -> bool, labels: &mut [u16]) {
    let mut column = 0;
    for token in 0..labels.len() {
        set(labels, token, if inside(token) { token } else { NONE.into() });
        if column > 0 {
            join(labels, token, token - 1);
        }
        if token >= columns {
            join(labels, token, token - columns);
        }
        column = if column + 1 < columns { column + 1 } else { 0 };
    }
    for token in 0..labels.len() {
        if let Some(parent) = parent(labels, token)
            && let Some(first) = self::parent(labels, parent)
        {
            set(labels, token, first);
        }
    }
}

/// Makes one set of the sets of two tokens, if both are in one.
fn join(labels: &mut [u16], token: usize, neighbour: usize) {
    let (Some(one), Some(other)) = (first(labels, token), first(labels, neighbour)) else {
        return;
    };
    set(labels, one.max(other), one.min(other));
}

/// The first token of the set of a token. Labels never rise, so the loop ends.
fn first(labels: &[u16], mut token: usize) -> Option<usize> {
    loop {
        let parent = parent(labels, token)?;
        if parent >= token {
            return Some(token);
        }
        token = parent;
    }
}

/// What a token is labelled with; `None` if it is in no set.
fn parent(labels: &[u16], token: usize) -> Option<usize> {
    labels.get(token).filter(|&&label| label != NONE).map(|&label| label.into())
}

fn set(labels: &mut [u16], token: usize, label: usize) {
    if let Some(slot) = labels.get_mut(token) {
        *slot = u16::try_from(label).unwrap_or(NONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn labels(columns: usize, picture: &str) -> Vec<Option<u16>> {
        let inside: Vec<bool> = picture.bytes().filter(|b| *b != b' ').map(|b| b == b'#').collect();
        let mut labels = vec![7; inside.len()];
        components(columns, |token| inside[token], &mut labels);
        labels.into_iter().map(|label| (label != NONE).then_some(label)).collect()
    }

    #[test]
    fn two_arms_that_meet_below_are_one() {
        let found = labels(3, "#.# #.# ###");
        let expected = [Some(0), None, Some(0)];
        assert_eq!(found[..3], expected, "the first row");
        assert_eq!(found[3..6], expected, "the second row");
        assert_eq!(found[6..], [Some(0); 3], "the third row");
    }

    #[test]
    fn corners_and_ends_of_rows_do_not_touch() {
        let found = labels(2, ".# #.");
        assert_eq!(found, [None, Some(1), Some(2), None], "a corner, and the end of a row");
    }
}
