//! Chooses the strength of the penalty, by classes that are left out of the fit.

use rayon::prelude::*;

use super::average_precision::average_precision;
use super::fit::fit;
use super::sample::Sample;

/// Strengths to choose from, the strongest first.
const PENALTIES: [f64; 8] = [30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01];
/// The strength if no two classes can be left out.
const DEFAULT_PENALTY: f64 = 0.1;
/// Images of each class that the choice is made on.
const IMAGES_OF_A_CLASS: usize = 100;
/// Pairs of classes that are left out, one after another.
const PAIRS: usize = 12;

/// How the penalty was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selection {
    /// The strength of the penalty on weights.
    pub penalty: f64,
    /// Mean average precision on the images of two classes by attributes that were fitted without these
    /// classes. `None` if no classes could be left out.
    pub left_out: Option<f64>,
}

/// The penalty whose attributes are best on two classes that they were fitted without. Only the given images are
/// used.
pub(super) fn penalty(sample: &Sample<'_>) -> Selection {
    let sample = some_of_each(sample);
    let pairs = pairs(&sample);
    let tried: Vec<_> = PENALTIES
        .iter()
        .filter_map(|&penalty| {
            let found: Vec<f64> =
                pairs.par_iter().flat_map_iter(|&pair| left_out(&sample, pair, penalty)).collect();
            let mean = found.iter().sum::<f64>() / found.len() as f64;
            (!found.is_empty()).then_some((mean, penalty))
        })
        .collect();
    let better = |best: Option<(f64, f64)>, &(mean, penalty): &(f64, f64)| match best {
        Some(best) if best.0 >= mean => Some(best),
        _ => Some((mean, penalty)),
    };
    match tried.iter().fold(None, better) {
        Some((mean, penalty)) => Selection { penalty, left_out: Some(mean) },
        None => Selection { penalty: DEFAULT_PENALTY, left_out: None },
    }
}

/// The first images of each class.
fn some_of_each<'a>(sample: &Sample<'a>) -> Sample<'a> {
    let most = sample.classes.iter().max().map_or(0, |&class| usize::from(class) + 1);
    let mut counts = vec![0; most];
    let keep: Vec<bool> = sample
        .classes
        .iter()
        .map(|&class| {
            counts[usize::from(class)] += 1;
            counts[usize::from(class)] <= IMAGES_OF_A_CLASS
        })
        .collect();
    sample.part(|image| keep[image])
}

/// Pairs of classes, spread evenly over all pairs, that leave at least two classes.
fn pairs(sample: &Sample<'_>) -> Vec<[u16; 2]> {
    let mut classes = sample.classes.clone();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() < 4 {
        return Vec::new();
    }
    let all: Vec<[u16; 2]> = classes
        .iter()
        .enumerate()
        .flat_map(|(at, &first)| classes[at + 1..].iter().map(move |&second| [first, second]))
        .collect();
    all.iter().copied().step_by(all.len().div_ceil(PAIRS)).collect()
}

/// Average precision of each attribute on the images of the pair, by attributes fitted on the other
/// classes. An attribute in which the other classes do not differ is left out.
fn left_out(sample: &Sample<'_>, pair: [u16; 2], penalty: f64) -> Vec<f64> {
    let of_pair = |image: usize| pair.contains(&sample.classes[image]);
    let (rest, pair) = (sample.part(|image| !of_pair(image)), sample.part(of_pair));
    let fitted = fit(&rest, penalty);
    let pooled: Vec<f32> = pair.images().flat_map(|(x, ..)| x.iter().copied()).collect();
    let (logits, count) = (fitted.logits(&pooled), fitted.names.len());
    let shows =
        |attribute: usize, value: bool| rest.known().any(|known| known[attribute] == Some(value));
    (0..count)
        .filter(|&attribute| shows(attribute, true) && shows(attribute, false))
        .filter_map(|attribute| {
            let scores = logits.iter().skip(attribute).step_by(count);
            let ranked = scores
                .zip(pair.known())
                .filter_map(|(&score, known)| known[attribute].map(|present| (score, present)));
            average_precision(ranked)
        })
        .collect()
}
