//! How well a network does on labelled images.

use std::fmt;

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::data::{Images, Normalisation, batch};
use crate::model::Vit;
use crate::ops::VitBackend;

/// Images of one forward pass: enough to keep all processors busy, few enough to stay small.
const BATCH_SIZE: usize = 125;
/// A prediction counts for the second accuracy if the label is among this many best classes.
const TOP: usize = 5;

/// Counts over a set of images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Images in all.
    pub images: usize,
    /// Images whose best class is their label.
    pub correct: usize,
    /// Images whose label is among the five best classes.
    pub top5: usize,
    /// Mean cross-entropy.
    pub loss: f64,
}

impl Evaluation {
    /// Share of images whose best class is their label, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        share(self.correct, self.images)
    }

    /// Share of images whose label is among the five best classes, 0 to 1.
    pub fn top5_accuracy(&self) -> f64 {
        share(self.top5, self.images)
    }
}

/// `57.30 % (573/1000), top-5 95.10 %`.
impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, correct, .. } = self;
        let (accuracy, top5) = (100.0 * self.accuracy(), 100.0 * self.top5_accuracy());
        write!(f, "{accuracy:.2} % ({correct}/{images}), top-5 {top5:.2} %")
    }
}

/// Runs `model` on every image, as they are.
///
/// # Panics
/// If the images do not have the size or the labels that the model was built for.
pub fn evaluate<B: VitBackend>(
    model: &Vit<B>,
    images: &Images,
    normalisation: Normalisation,
    device: &B::Device,
) -> Evaluation {
    let mut total = Evaluation::default();
    for batch in batch::sequential(images, BATCH_SIZE, normalisation) {
        let shape = [batch.len, 3, images.height(), images.width()];
        let logits = model.forward(Tensor::from_data(TensorData::new(batch.images, shape), device));
        let [_, classes] = logits.dims();
        let logits = logits.into_data().to_vec::<f32>().expect("logits are f32");
        for (logits, &label) in logits.chunks_exact(classes).zip(&batch.labels) {
            let label = label as usize;
            let rank = rank(logits, label);
            total.images += 1;
            total.correct += usize::from(rank == 0);
            total.top5 += usize::from(rank < TOP);
            total.loss += cross_entropy(logits, label);
        }
    }
    total.loss /= total.images.max(1) as f64;
    total
}

/// How many classes come before `label`; of equal logits the first class wins.
pub(crate) fn rank(logits: &[f32], label: usize) -> usize {
    let own = logits[label];
    let before = |(class, &logit): (usize, &f32)| logit > own || (logit == own && class < label);
    logits.iter().enumerate().filter(|&entry| before(entry)).count()
}

fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum::<f64>();
    sum.ln() - f64::from(logits[label] - largest)
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DropoutRates;
    use burn_flex::Flex;
    use runtime::config::Preset;

    #[test]
    fn ranks_and_losses_by_hand() {
        let logits = [1.0, 3.0, 3.0, 2.0];
        let ranks = [0, 1, 2, 3].map(|label| rank(&logits, label));
        assert_eq!(ranks, [3, 0, 1, 2], "ranks, the earlier of two equal logits first");
        assert!((cross_entropy(&[0.0; 4], 2) - 4.0f64.ln()).abs() < 1e-12, "equal logits");
        let sure = cross_entropy(&[1000.0, 0.0], 1);
        assert!((sure - 1000.0).abs() < 1e-9, "no overflow: {sure}");
    }

    #[test]
    fn the_line_has_its_documented_form() {
        let evaluation = Evaluation { images: 1000, correct: 573, top5: 951, loss: 1.0 };
        assert_eq!(evaluation.to_string(), "57.30 % (573/1000), top-5 95.10 %", "line");
    }

    #[test]
    fn a_constant_network_is_right_by_chance() {
        let config = Preset::Vit64x4.config(10).unwrap();
        let device = Default::default();
        let mut model = Vit::<Flex>::new(&config, DropoutRates::default(), 1, &device);
        let head = &mut model.head.layers[0];
        head.weight = head.weight.clone().map(|weight| weight * 0.0);
        let bias = Tensor::from_data([0., 1., 2., 3., 9., 8., 7., 6., 5., 4.], &device);
        head.bias = head.bias.take().map(|old| old.map(|_| bias));
        // More images than one batch, each label 13 or 14 times; class 4 wins, 4 to 8 lead.
        let labels = (0..133).map(|i| i % 10).collect::<Vec<u16>>();
        let images = Images::new(32, 32, vec![7; 133 * 3072], labels).unwrap();
        let found = evaluate(&model, &images, Normalisation::CIFAR10, &device);
        assert_eq!((found.images, found.correct, found.top5), (133, 13, 65), "counts");
    }
}
