//! Runs that start from a checkpoint, and quantization-aware runs.

use super::*;
use crate::quantize::Simulation;

fn tune(recipe: &Recipe, start: Option<&Path>, quantize: bool, out: &Path) -> Result<Outcome> {
    let (config, dataset, stop) = (config(), dataset(), AtomicBool::new(false));
    let start = start.map(|path| Start::File(path.to_owned()));
    let run =
        Run { start: start.as_ref(), quantize, ..plan(&config, &dataset, recipe, out, &stop) };
    train::<Flex>(run, &[Default::default()], &mut Progress::hidden())
}

#[test]
fn a_run_starts_where_a_checkpoint_ends() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trained = run::<Flex>(&recipe(), first.path()).unwrap();
    let still = Recipe { epochs: 1, learning_rate: 1e-9, ..recipe() };
    let found = tune(&still, Some(&trained.checkpoint), false, second.path()).unwrap();
    let (before, after) = (&trained.epochs[trained.best - 1], &found.epochs[0]);
    assert_eq!(after.validation_accuracy, before.validation_accuracy, "what it had learnt");
    let fresh = tune(&still, None, false, second.path()).unwrap();
    assert!(fresh.epochs[0].validation_accuracy < 0.9, "nothing without it");
}

#[test]
fn a_checkpoint_of_another_shape_is_no_start() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trained = run_in_parts::<Flex>(&recipe(), patches(), 16, first.path()).unwrap();
    let error = tune(&recipe(), Some(&trained.checkpoint), false, second.path()).unwrap_err();
    assert!(format!("{error:#}").contains("other kinds of layers"), "{error:#}");
}

#[test]
fn a_network_learns_with_its_integers_in_place() {
    let directory = tempfile::tempdir().unwrap();
    let outcome = tune(&recipe(), None, true, directory.path()).unwrap();
    let best = &outcome.epochs[outcome.best - 1];
    assert!(best.validation_accuracy > 0.9, "the colours are classified: {best:?}");

    // The run validated the integer form of the network that it kept.
    let found = checkpoint::load::<Flex>(&outcome.checkpoint, &Default::default()).unwrap();
    let (train, validation) = split(&dataset().train, recipe().validation, recipe().seed);
    let device = Default::default();
    let simulation = Simulation::observe(&found.model, &train, found.normalisation, &device);
    let qat = simulation.evaluate(&found.model, &validation, &device);
    assert!((qat.loss - best.validation_loss).abs() < 1e-9, "{qat:?} is not {best:?}");
    let float = evaluate(&found.model, &validation, found.normalisation, &device);
    assert_ne!(qat.loss, float.loss, "the float form is another");
}

#[test]
fn a_run_for_integers_goes_on_for_integers_only() {
    let directory = tempfile::tempdir().unwrap();
    let (config, dataset, recipe) = (config(), dataset(), recipe());
    let stop = AtomicBool::new(false);
    let plain = plan(&config, &dataset, &recipe, directory.path(), &stop);
    let whole = Run { quantize: true, ..plain };
    let settings = super::super::state::settings(&whole).unwrap();
    let other = super::super::state::settings(&plain).unwrap();
    assert_ne!(settings, other, "the settings differ");
}
