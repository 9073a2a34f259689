//! Logits whose sigmoid is a probability.

use super::cholesky::Cholesky;
use super::layer::Attributes;
use super::sample::Sample;

/// Steps of the fit. Each one lowers the loss.
const STEPS: usize = 500;
/// Penalty on scale and shift. It keeps them finite if the scores separate the images without any error.
const PENALTY: f64 = 1e-4;

/// One image: score, weight, and whether the attribute is there.
type Scored = (f64, f64, bool);

/// Gives each logit the scale and the shift with which its sigmoid fits the sample best. This is needed because
/// a strong penalty in the fit makes all logits small. The order of the images stays as it is.
///
/// # Source
/// Platt, *Probabilistic outputs for support vector machines*, 1999.
pub(super) fn calibrate(mut layer: Attributes, sample: &Sample<'_>) -> Attributes {
    let pooled: Vec<f32> = sample.images().flat_map(|(x, ..)| x.iter().copied()).collect();
    let (logits, count) = (layer.logits(&pooled), layer.names.len());
    for (attribute, bias) in layer.bias.iter_mut().enumerate() {
        let scores = logits.iter().skip(attribute).step_by(count);
        let images = scores.zip(sample.images()).zip(sample.known());
        let known: Vec<Scored> = images
            .filter_map(|((&score, (.., weight)), known)| Some((score, weight, known[attribute]?)))
            .collect();
        let (scale, shift) = line(&known);
        let row = &mut layer.weights[attribute * sample.dim..][..sample.dim];
        row.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * scale) as f32);
        *bias = (f64::from(*bias) * scale + shift) as f32;
    }
    layer
}

/// Scale and shift of the scores.
fn line(images: &[Scored]) -> (f64, f64) {
    let weights: f64 = images.iter().map(|(_, weight, _)| weight).sum();
    let square = images.iter().map(|(score, weight, _)| weight * score * score).sum::<f64>();
    // Scores of about one, so that the penalty is the same for all attributes.
    let unit = (square / weights).sqrt().max(f64::MIN_POSITIVE);
    let mut bound = vec![PENALTY, 0.0, 0.0, PENALTY];
    for &(score, weight, _) in images {
        let score = score / unit;
        for (sum, product) in bound.iter_mut().zip([score * score, score, score, 1.0]) {
            *sum += 0.25 * weight * product;
        }
    }
    let bound = Cholesky::new(bound, 2).expect("products and a penalty are positive");
    let (mut scale, mut shift) = (0.0, 0.0);
    for _ in 0..STEPS {
        let mut step = [PENALTY * scale, PENALTY * shift];
        for &(score, weight, present) in images {
            let score = score / unit;
            let probability = 1.0 / (1.0 + (-(scale * score + shift)).exp());
            let error = weight * (probability - f64::from(u8::from(present)));
            step[0] += error * score;
            step[1] += error;
        }
        bound.solve(&mut step);
        (scale, shift) = (scale - step[0], shift - step[1]);
    }
    (scale / unit, shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_the_shares_of_two_scores() {
        // Of the images with score 1, 80 % have the attribute; of those with score -1, 30 %.
        let images: Vec<Scored> = (0..20)
            .map(|i| {
                let (score, most) = if i < 10 { (1.0, 8) } else { (-1.0, 3) };
                (score, 0.05, i % 10 < most)
            })
            .collect();
        let (scale, shift) = line(&images);
        for (score, share) in [(1.0, 0.8), (-1.0, 0.3)] {
            let found = 1.0 / (1.0 + f64::exp(-(scale * score + shift)));
            assert!((found - share).abs() < 0.01, "{found}, not {share}");
        }
    }
}
