//! Fits a descriptor to the features of training images.

use super::class::class_part;
use super::code::rotation;
use super::features::{Features, Place};
use super::matrix::Matrix;
use super::moments::{class_means, covariance, mean};
use super::part::Part;
use super::spread::part;
use crate::quantize::{Multiplier, multiplier};
use anyhow::{Context, Result, ensure};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use runtime::fixed::{Requant, sat8};
use runtime::format::{DescriptorRecord, LogitsRecord, RequantRecord, write_descriptor};

/// Steps of i8 in one standard deviation of a cell's channel. The range of i8 holds four of them on each
/// side.
const CELL_STEPS: f64 = 32.0;
/// Share of the largest variance that is added to every variance before whitening, so that whitening does not
/// amplify directions in which images hardly differ.
const RIDGE: f64 = 1e-3;

/// How a descriptor is fitted.
#[derive(Clone, Copy, Debug)]
pub struct FitOptions {
    /// Values of the class part, 2 to 128.
    pub class: u8,
    /// Values of the appearance part, 2 to 128.
    pub appearance: u8,
    /// Seed of the random rotations.
    pub seed: u64,
}

impl FitOptions {
    /// Both vectors together have 128 bytes. The appearance part gets fewer values if the head would otherwise
    /// have more than `max_bytes`.
    pub fn within(max_bytes: usize, dim: usize, classes: usize, place: Place) -> Self {
        const CLASS: usize = 33;
        // A value of a part has a row of weights, bias, multiplier and shift, and 64 weights of its code.
        let value = |inputs: usize| inputs + 9 + 64;
        let inputs = place.count() * dim;
        let fixed = CLASS * value(dim) + classes * (CLASS + 4) + 9 * dim + 2 * 256 + 200;
        let room = max_bytes.saturating_sub(fixed) / value(inputs);
        let class = CLASS.min(dim + 1);
        let appearance = room.clamp(2, 128 - class).min(inputs + 1);
        Self { class: class as u8, appearance: appearance as u8, seed: 1 }
    }
}

/// A fitted descriptor.
#[derive(Clone, Debug)]
pub struct Fitted {
    place: Place,
    channels: Channels,
    appearance: Part,
    class: Part,
    known: Known,
}

/// Rescales the sums of cells to i8.
#[derive(Clone, Debug)]
struct Channels {
    bias: Vec<i32>,
    factors: Vec<Multiplier>,
}

/// A prototype of the class part for each class, and the rescale of the nearest one to a weight.
#[derive(Clone, Debug)]
struct Known {
    weights: Vec<i8>,
    bias: Vec<i32>,
    factor: Multiplier,
}

/// Fits a descriptor to labelled images of `classes` classes.
///
/// # Errors
/// If there are too few images, or a class without any.
pub fn fit(
    features: &[Features],
    labels: &[u16],
    classes: usize,
    place: Place,
    options: FitOptions,
) -> Result<Fitted> {
    ensure!(
        features.len() == labels.len(),
        "{} labels for {} images",
        labels.len(),
        features.len()
    );
    let dim = features.first().context("no images to fit a descriptor to")?.embedding.len();
    let (class, appearance) = (usize::from(options.class), usize::from(options.appearance));
    ensure!(
        class <= dim + 1 && appearance <= place.count() * dim + 1,
        "a class part of {class} and an appearance part of {appearance} values need more inputs than \
         {dim} and {}",
        place.count() * dim
    );
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let channels = Channels::fit(features, dim);
    let cells: Vec<Vec<i8>> = features.iter().map(|image| channels.apply(&image.sums)).collect();
    let embeddings: Vec<Vec<i8>> = features.iter().map(|image| image.embedding.clone()).collect();
    let whitened = whitening(&cells, appearance - 1)?;
    let (appearance, vectors) = part(whitened, &cells, rng)?;
    let (rotation, offset) = rotation(&vectors, rng)?;
    let appearance = appearance.with_code(&rotation, &offset);
    let (class, vectors) = class_part(&embeddings, labels, classes, class, rng)?;
    let known = Known::fit(&vectors, labels, classes)?;
    Ok(Fitted { place, channels, appearance, class, known })
}

impl Fitted {
    /// The body of the head.
    ///
    /// # Errors
    /// If it is too long for a blob.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (channels, known) = (&self.channels, &self.known);
        let words = |values: &[i32]| -> Vec<u8> {
            values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        let mult: Vec<u8> = channels.factors.iter().flat_map(|f| f.mult.to_le_bytes()).collect();
        let shift: Vec<u8> = channels.factors.iter().map(|factor| factor.shift).collect();
        let weights: Vec<u8> = known.weights.iter().map(|weight| weight.cast_unsigned()).collect();
        let (bias, known_bias) = (words(&channels.bias), words(&known.bias));
        let Multiplier { mult: known_mult, shift: known_shift } = known.factor;
        let mut buffer = vec![0; 1 << 20];
        let len = self.appearance.with_record(|appearance| {
            self.class.with_record(|class| {
                let record = DescriptorRecord {
                    block: self.place.block,
                    cells: self.place.cells,
                    bias: &bias,
                    mult: &mult,
                    shift: &shift,
                    appearance,
                    class,
                    known: LogitsRecord {
                        weights: &weights,
                        bias: &known_bias,
                        probability: RequantRecord { mult: known_mult, shift: known_shift },
                    },
                };
                write_descriptor(&record, &mut buffer)
            })
        })?;
        buffer.truncate(len);
        Ok(buffer)
    }
}

impl Channels {
    /// Each channel gets the mean 0 and the same spread.
    fn fit(features: &[Features], dim: usize) -> Self {
        let mut moments = vec![(0.0, 0.0); dim];
        let mut count = 0.0;
        for cell in features.iter().flat_map(|image| image.sums.chunks_exact(dim)) {
            for ((sum, squares), &value) in moments.iter_mut().zip(cell) {
                *sum += f64::from(value);
                *squares += f64::from(value).powi(2);
            }
            count += 1.0;
        }
        let mut channels = Self { bias: Vec::new(), factors: Vec::new() };
        for (sum, squares) in moments {
            let mean: f64 = sum / count;
            let deviation = (squares / count - mean.powi(2)).max(1.0).sqrt();
            channels.bias.push(-mean.round() as i32);
            let factor = CELL_STEPS / deviation;
            channels.factors.push(multiplier(factor, Requant::MIN_SHIFT, Requant::MAX_SHIFT));
        }
        channels
    }

    /// The same as in the runtime.
    fn apply(&self, sums: &[i32]) -> Vec<i8> {
        let factors = self.bias.iter().zip(&self.factors).cycle();
        let apply = |(&sum, (bias, factor)): (&i32, (&i32, &Multiplier))| {
            let requant = Requant::new(factor.mult as i32, factor.shift);
            sat8(requant.map_or(0, |requant| requant.apply(sum + bias)))
        };
        sums.iter().zip(factors).map(apply).collect()
    }
}

/// The map to the first `count` principal components, each with variance 1, and the mean that is subtracted
/// first.
fn whitening(inputs: &[Vec<i8>], count: usize) -> Result<(Matrix, Vec<f64>)> {
    let mean = mean(inputs)?;
    let (values, vectors) = covariance(inputs, |_| &mean).eigen();
    let ridge = RIDGE * values[0].max(f64::MIN_POSITIVE);
    let factors: Vec<f64> =
        values.iter().map(|value| (value.max(0.0) + ridge).sqrt().recip()).collect();
    let rows = (0..count).map(|row| vectors.row(row));
    Ok((Matrix::from_rows(mean.len(), rows).scaled_rows(&factors), mean))
}

impl Known {
    /// A prototype for each class, and the weight of the class part, a line through [`RARE`] and [`USUAL`].
    fn fit(vectors: &[Vec<i8>], labels: &[u16], classes: usize) -> Result<Self> {
        let means = class_means(vectors, labels, classes)?;
        let round = |mean: &Vec<f64>| mean.iter().map(|v| v.round() as i8).collect::<Vec<_>>();
        let prototypes: Vec<Vec<i8>> = means.iter().map(round).collect();
        let halves: Vec<f64> = prototypes.iter().map(|p| product(p, p) / 2.0).collect();
        let nearest = |vector: &Vec<i8>| {
            let products =
                prototypes.iter().zip(&halves).map(|(p, half)| product(p, vector) - half);
            products.fold(f64::NEG_INFINITY, f64::max)
        };
        let mut scores: Vec<f64> = vectors.iter().map(nearest).collect();
        scores.sort_by(f64::total_cmp);
        let at = |share: f64| scores[((scores.len() - 1) as f64 * share) as usize];
        let (rare, usual) = (at(RARE.quantile), at(USUAL.quantile));
        let rise = USUAL.weight - RARE.weight;
        let factor = (rise / (usual - rare).max(f64::MIN_POSITIVE)).min(MAX_FACTOR);
        // The score whose weight is 0.
        let least = usual - USUAL.weight / factor;
        let bias = halves.iter().map(|half| (-half - least).round() as i32).collect();
        let weights = prototypes.into_iter().flatten().collect();
        let factor = multiplier(factor, Requant::MIN_SHIFT, Requant::MAX_SHIFT);
        Ok(Self { weights, bias, factor })
    }
}

/// A point of the line from the score of an image to the weight of its class part.
struct Anchor {
    /// Quantile of the scores of the training images.
    quantile: f64,
    /// In 256ths.
    weight: f64,
}

/// An image of a known class that looks unusual. Here the appearance part decides among things that the network was not
/// taught. If the weight were much higher, the class part would hide it; if it were lower, unusual images of known classes
/// would be found less well.
const RARE: Anchor = Anchor { quantile: 0.01, weight: 150.0 };
/// Most images of known classes.
const USUAL: Anchor = Anchor { quantile: 0.5, weight: 240.0 };
/// Upper bound of the factor from score to weight, because a rescale is below one half.
const MAX_FACTOR: f64 = 0.45;

fn product(a: &[i8], b: &[i8]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Inputs with correlated values.
    pub(in crate::descriptor) fn random(images: usize, dim: usize, seed: u64) -> Vec<Vec<i8>> {
        let mut rng = kit::rng::Rng::new(seed);
        let image = |_| {
            let base: i8 = rng.pick(-40, 40);
            (0..dim).map(|_| base / 2 + rng.pick::<i8>(-60, 60)).collect()
        };
        (0..images).map(image).collect()
    }

    #[test]
    fn whitened_components_have_the_variance_one_and_are_not_correlated() {
        let inputs = random(3000, 6, 1);
        let (map, mean) = whitening(&inputs, 4).unwrap();
        let mut covariance = Matrix::zeros(4, 4);
        for x in &inputs {
            let x: Vec<f64> = x.iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean).collect();
            covariance.add_outer(1.0 / inputs.len() as f64, &map.apply(&x));
        }
        for row in 0..4 {
            for column in 0..4 {
                let expected = f64::from(u8::from(row == column));
                assert!((covariance[(row, column)] - expected).abs() < 0.01, "{covariance:?}");
            }
        }
    }

    #[test]
    fn known_images_have_more_weight_than_others() {
        let labels: Vec<u16> = (0..400).map(|image| image % 2).collect();
        let mut vectors = random(400, 8, 4);
        for (vector, &label) in vectors.iter_mut().zip(&labels) {
            vector.iter_mut().for_each(|v| *v /= 8);
            vector[0] = if label == 0 { 90 } else { -90 };
        }
        let known = Known::fit(&vectors, &labels, 2).unwrap();
        let weight = |vector: &[i8]| {
            let products = known.weights.chunks_exact(8).zip(&known.bias);
            let nearest = products.map(|(w, bias)| product(w, vector) as i32 + bias).max().unwrap();
            let factor = Requant::new(known.factor.mult as i32, known.factor.shift).unwrap();
            factor.apply(nearest).clamp(0, 255)
        };
        let usual = vectors.iter().filter(|vector| weight(vector) >= 235).count();
        assert!((200..400).contains(&usual), "{usual} of 400 with a weight of usual images");
        let rare = vectors.iter().filter(|vector| weight(vector) < 145).count();
        assert!(rare <= 4, "{rare} of 400 below the weight of rare images");
        assert!(weight(&[0, 90, 0, 0, 0, 0, 0, 0]) < 100, "something else");
    }

    #[test]
    fn a_descriptor_keeps_to_its_bytes() {
        for (dim, place) in [(48, 1), (64, 1), (128, 3)] {
            let place = Place { block: place, cells: [2, 2] };
            let options = FitOptions::within(45_000, dim, 10, place);
            let inputs = [dim, 4 * dim];
            let values = [options.class, options.appearance].map(usize::from);
            let bytes: usize = (0..2).map(|part| values[part] * (inputs[part] + 9 + 64)).sum();
            assert!(bytes < 44_000 && values[0] + values[1] <= 128, "{dim}: {options:?}");
            assert!(values[1] >= 50, "{dim}: {options:?}");
        }
    }
}
