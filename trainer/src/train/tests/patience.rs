//! Runs that end before their last epoch.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;

use super::*;

/// A recipe that does not learn: the network keeps its starting values, and so its accuracy.
fn hopeless(patience: usize) -> Recipe {
    let normalised = Normalisation { mean: [0.0; 3], std: [1.0; 3] };
    Recipe {
        epochs: 60,
        patience: NonZeroUsize::new(patience),
        learning_rate: f64::MIN_POSITIVE,
        normalisation: normalised,
        ..recipe()
    }
}

fn run_patches(recipe: &Recipe, out: &Path) -> Outcome {
    run_in_parts::<Flex>(recipe, patches(), recipe.batch_size, out).unwrap()
}

#[test]
fn a_run_ends_when_its_patience_does() {
    let directory = tempfile::tempdir().unwrap();
    let outcome = run_patches(&hopeless(3), directory.path());
    assert_eq!(outcome.epochs.len(), 4, "the first epoch and three that were no better");
    assert!(!directory.path().join("resume.bin").exists(), "the run is over");

    let steady = Recipe { patience: NonZeroUsize::new(6), ..recipe() };
    let outcome = run_patches(&steady, directory.path());
    assert_eq!(outcome.epochs.len(), 6, "no more patience than epochs: all are made");
}

#[test]
fn a_resumed_run_has_waited_before() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let recipe = hopeless(30);
    let expected = run_patches(&recipe, whole.path()).epochs.len();

    let (config, dataset, stop) = (patches(), dataset(), AtomicBool::new(false));
    let out = parts.path();
    std::thread::scope(|scope| {
        let run = plan(&config, &dataset, &recipe, out, &stop);
        let training =
            scope.spawn(move || train::<Flex>(run, &[Default::default()], &mut Progress::hidden()));
        while !out.join("resume.bin").exists() {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        training.join().unwrap().expect_err("stopped");
    });
    stop.store(false, Ordering::Relaxed);
    let run = Run { resume: true, ..plan(&config, &dataset, &recipe, out, &stop) };
    let outcome = train::<Flex>(run, &[Default::default()], &mut Progress::hidden()).unwrap();
    assert_eq!(outcome.epochs.len(), expected, "epochs before the end count");
    assert_eq!(expected, 31, "the first epoch and thirty that were no better");
}
