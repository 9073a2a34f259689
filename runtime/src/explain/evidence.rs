//! The part of each token in a logit.

/// Computes the part of each token in a logit. The logit is the sum of these parts and the bias.
///
/// ```text
/// e[t] = Σ_d w[d] · (x[t, d] − zero)                  i32, exact
/// ```
///
/// # Shapes
/// `x` `[tokens, dim]`, the last normalisation's output; `w` `[dim]`, the class's row of the last layer;
/// `out` `[tokens]`.
///
/// # Ranges and overflow
/// A product is at most `128 · 255` in magnitude and `dim` at most 1,024, so a sum is below `2^25`.
///
/// # Source
/// Zhou et al., *Learning Deep Features for Discriminative Localization*, 2016: a class activation map,
/// here in the integers of the class head, so that the sum is exact.
pub(crate) fn evidence(x: &[i8], zero: i8, w: &[i8], out: &mut [i32]) {
    let zero = i32::from(zero);
    for (out, x) in out.iter_mut().zip(x.chunks_exact(w.len().max(1))) {
        *out = x.iter().zip(w).map(|(&x, &w)| (i32::from(x) - zero) * i32::from(w)).sum();
    }
}

/// Splits the difference of two logits over the tokens: [`evidence`] of one class less that of another.
///
/// ```text
/// e[t] = Σ_d (w[d] − v[d]) · (x[t, d] − zero)         i32, exact
/// ```
///
/// # Shapes
/// As [`evidence`]; `w` and `v` are the rows of the two classes.
///
/// # Ranges and overflow
/// Below `2^26`: twice the bound of [`evidence`].
pub(crate) fn difference(x: &[i8], zero: i8, (w, v): (&[i8], &[i8]), out: &mut [i32]) {
    let zero = i32::from(zero);
    for (out, x) in out.iter_mut().zip(x.chunks_exact(w.len().max(1))) {
        let weights = w.iter().zip(v).map(|(&w, &v)| i32::from(w) - i32::from(v));
        *out = x.iter().zip(weights).map(|(&x, w)| (i32::from(x) - zero) * w).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_gives_its_own_part() {
        let mut out = [7; 2];
        evidence(&[1, -128, 3, 127], 3, &[-128, 127], &mut out);
        assert_eq!(out, [-128 * -2 + 127 * -131, 127 * 124], "both tokens");
    }

    #[test]
    fn a_difference_is_that_of_both_maps() {
        let (x, classes) = ([1, -128, 3, 127], [[-128, 127], [127, -128]]);
        let mut maps = [[0; 2]; 2];
        for (map, class) in maps.iter_mut().zip(&classes) {
            evidence(&x, 3, class, map);
        }
        let mut out = [7; 2];
        difference(&x, 3, (&classes[0], &classes[1]), &mut out);
        assert_eq!(out, [maps[0][0] - maps[1][0], maps[0][1] - maps[1][1]], "both tokens");
    }
}
