//! Training with an attribute loss.

use super::*;
use crate::attributes::{self, Attributes, Table};
use crate::checkpoint;
use crate::eval::predict_pooled;
use crate::train::KnownAttributes;

/// The two attributes of the three colours.
const TABLE: &str = "class,warm,cold\nred,1,0\ngreen,0,\nblue,0,1\n";

/// The layer of a trained network, on the test images: the mean cross-entropy of the attribute `warm`.
fn loss(path: &Path, layer: &Attributes) -> f64 {
    let device = Default::default();
    let network = checkpoint::load::<Flex>(path, &device).unwrap();
    let images = dataset().test;
    let (_, pooled) = predict_pooled(&network.model, &images, network.normalisation, &device);
    let logits = layer.logits(&pooled);
    let losses = logits.chunks_exact(2).zip(images.labels()).map(|(row, &label)| {
        let towards = if label == 0 { -row[0] } else { row[0] };
        towards.exp().ln_1p()
    });
    losses.sum::<f64>() / images.len() as f64
}

#[test]
fn the_network_learns_to_serve_the_layer() {
    let directory = tempfile::tempdir().unwrap();
    let first = Recipe { epochs: 1, ..recipe() };
    let start = run::<Flex>(&first, &directory.path().join("start")).unwrap().checkpoint;
    let (config, dataset, stop) = (config(), dataset(), AtomicBool::new(false));
    let device = Default::default();
    let network = checkpoint::load::<Flex>(&start, &device).unwrap();
    let (_, pooled) =
        predict_pooled(&network.model, &dataset.train, network.normalisation, &device);
    let table = Table::parse(TABLE).unwrap();
    let labels = table.labels(&dataset.train, &dataset.classes).unwrap();
    let (layer, _) = attributes::train(&pooled, dataset.train.labels(), &labels).unwrap();
    let known = KnownAttributes { layer: layer.clone(), table };
    let begin = Start::File(start);
    let trained = |attribute_loss: Option<f64>, name: &str| {
        let recipe = Recipe { attribute_loss, ..recipe() };
        let out = directory.path().join(name);
        let run = Run {
            start: Some(&begin),
            attributes: attribute_loss.map(|_| &known),
            ..plan(&config, &dataset, &recipe, &out, &stop)
        };
        train::<Flex>(run, &[Default::default()], &mut Progress::hidden()).unwrap().checkpoint
    };
    let (with, without) = (trained(Some(5.0), "with"), trained(None, "without"));
    let kept = checkpoint::load::<Flex>(&with, &device).unwrap().attributes;
    assert_eq!(kept.as_ref(), Some(&layer), "the layer does not change");
    assert!(checkpoint::load::<Flex>(&without, &device).unwrap().attributes.is_none(), "no layer");
    let (taught, untaught) = (loss(&with, &layer), loss(&without, &layer));
    assert!(taught < 0.7 * untaught, "{taught} with the loss, {untaught} without");
}

#[test]
fn a_start_without_attributes_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let recipe = Recipe { attribute_loss: Some(1.0), ..recipe() };
    let error = run::<Flex>(&recipe, out.path()).unwrap_err().to_string();
    assert!(error.contains("trainer attributes"), "{error}");
}
