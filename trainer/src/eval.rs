//! The accuracy of a network on labelled images.

use std::cell::RefCell;
use std::fmt;

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::data::{Images, Normalisation, batch};
use crate::model::Vit;
use ops::VitBackend;

/// Images of one forward pass: enough to keep all cores busy with little memory.
const BATCH_SIZE: usize = 125;
/// Top-5 accuracy counts an image if its label is among this many classes with the largest logits.
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

/// The predictions of a network for labelled images, in their order.
#[derive(Clone, Debug)]
pub struct Predictions {
    classes: usize,
    /// `[images, classes]`.
    logits: Vec<f32>,
    labels: Vec<u16>,
}

impl Predictions {
    /// Number of images.
    pub const fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub const fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of classes.
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// The class of image `i`.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len).
    pub fn label(&self, i: usize) -> usize {
        self.labels[i].into()
    }

    /// The predicted class of image `i`; of equal logits the first one.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len).
    pub fn predicted(&self, i: usize) -> usize {
        let logits = self.logits(i);
        let better = |best, class| if logits[class] > logits[best] { class } else { best };
        (0..self.classes).fold(0, better)
    }

    /// The logit of a class for image `i`.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len), or there is no such class.
    #[cfg(test)]
    pub(crate) fn logit(&self, i: usize, class: usize) -> f32 {
        self.logits(i)[class]
    }

    /// The probability of a class for image `i`, 0 to 1.
    ///
    /// # Panics
    /// If `i` is not below [`len`](Self::len), or there is no such class.
    pub fn probability(&self, i: usize, class: usize) -> f64 {
        (-cross_entropy(self.logits(i), class)).exp()
    }

    /// The probabilities `[images, classes]`, 0 to 1.
    pub fn probabilities(&self) -> Vec<f64> {
        let classes = || 0..self.classes;
        (0..self.len())
            .flat_map(|image| classes().map(move |class| self.probability(image, class)))
            .collect()
    }

    /// Accuracy and loss over all images.
    pub fn evaluation(&self) -> Evaluation {
        let mut total = Evaluation::default();
        for image in 0..self.len() {
            let (logits, label) = (self.logits(image), self.label(image));
            let rank = rank(logits, label);
            total.images += 1;
            total.correct += usize::from(rank == 0);
            total.top5 += usize::from(rank < TOP);
            total.loss += cross_entropy(logits, label);
        }
        total.loss /= total.images.max(1) as f64;
        total
    }

    fn logits(&self, i: usize) -> &[f32] {
        &self.logits[i * self.classes..][..self.classes]
    }

    /// Predictions from given logits, for tests without a network.
    #[cfg(test)]
    pub(crate) fn of_logits(logits: Vec<f32>, labels: Vec<u16>) -> Self {
        Self { classes: logits.len() / labels.len(), logits, labels }
    }
}

/// Runs `model` on every image, without augmentation.
///
/// # Panics
/// If the images do not have the size or the labels that the model was built for.
pub fn predict<B: VitBackend>(
    model: &Vit<B>,
    images: &Images,
    normalisation: Normalisation,
    device: &B::Device,
) -> Predictions {
    predict_with(|batch| model.forward(batch), images, normalisation, device)
}

/// As [`predict`], with the pooled tokens `[images, dim]` of a network with a mean pool.
///
/// # Panics
/// As [`predict`].
pub fn predict_pooled<B: VitBackend>(
    model: &Vit<B>,
    images: &Images,
    normalisation: Normalisation,
    device: &B::Device,
) -> (Predictions, Vec<f32>) {
    let pooled = RefCell::new(Vec::new());
    let forward = |batch| {
        let (logits, tokens) = model.forward_with_tokens(batch);
        let means = tokens.mean_dim(1).into_data(); // [batch, 1, dim]
        pooled.borrow_mut().extend(means.to_vec::<f32>().expect("tokens are f32"));
        logits
    };
    let predictions = predict_with(forward, images, normalisation, device);
    (predictions, pooled.into_inner())
}

/// The logits of every image; `forward` receives normalised batches `[batch, 3, height, width]`.
pub(crate) fn predict_with<B: Backend>(
    forward: impl Fn(Tensor<B, 4>) -> Tensor<B, 2>,
    images: &Images,
    normalisation: Normalisation,
    device: &B::Device,
) -> Predictions {
    let labels = images.labels().to_vec();
    let mut found = Predictions { classes: 0, logits: Vec::new(), labels };
    for batch in batch::sequential(images, BATCH_SIZE, normalisation) {
        let shape = [batch.len, 3, images.height(), images.width()];
        let logits = forward(Tensor::from_data(TensorData::new(batch.images, shape), device));
        [_, found.classes] = logits.dims();
        found.logits.extend(logits.into_data().to_vec::<f32>().expect("logits are f32"));
    }
    found
}

/// Evaluates `model` on the images, without augmentation.
///
/// # Panics
/// As [`predict`].
pub fn evaluate<B: VitBackend>(
    model: &Vit<B>,
    images: &Images,
    normalisation: Normalisation,
    device: &B::Device,
) -> Evaluation {
    predict(model, images, normalisation, device).evaluation()
}

/// The number of classes that come before `label`. Of equal logits the first class wins. A label whose
/// logit is NaN comes last.
pub(crate) fn rank(logits: &[f32], label: usize) -> usize {
    let own = logits[label];
    let before = |(class, &logit): (usize, &f32)| {
        logit > own || (logit == own && class < label) || (own.is_nan() && class != label)
    };
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
        assert_eq!(rank(&[f32::NAN; 3], 0), 2, "NaN is never right");
        assert!((cross_entropy(&[0.0; 4], 2) - 4.0f64.ln()).abs() < 1e-12, "equal logits");
        let sure = cross_entropy(&[1000.0, 0.0], 1);
        assert!((sure - 1000.0).abs() < 1e-9, "no overflow: {sure}");
    }

    #[test]
    fn answers_keep_the_order_of_the_images() {
        let labels = vec![1, 0];
        let logits = vec![0.0, 0.0, f32::ln(2.0), 5.0, 5.0, -1.0];
        let predictions = Predictions::of_logits(logits, labels);
        assert_eq!(
            [0, 1].map(|image| predictions.predicted(image)),
            [2, 0],
            "the first of equal logits"
        );
        let found = [0, 1, 2].map(|class| predictions.probability(0, class));
        for (found, expected) in found.into_iter().zip([0.25, 0.25, 0.5]) {
            assert!((found - expected).abs() < 1e-6, "probability {found}, not {expected}");
        }
        let total = predictions.evaluation();
        assert_eq!((total.images, total.correct, total.top5), (2, 1, 2), "counts");
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
