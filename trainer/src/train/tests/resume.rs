//! Runs that are interrupted and resumed.

use std::fs;
use std::sync::atomic::Ordering;

use super::*;
use crate::data::augment::StrongAugment;
use crate::data::mix::Mix;
use crate::recipe::EmaSpec;

/// A recipe with every random part and every state that one step passes to the next.
fn eventful() -> Recipe {
    Recipe {
        epochs: 5,
        dropout: DropoutRates { embed: 0.1, mlp: 0.1, head: 0.1, path: 0.2 },
        augment: Augment {
            shift: 2,
            flip: true,
            strong: Some(StrongAugment { cutout: [1, 3], ..StrongAugment::OBJECTS }),
        },
        mix: Mix { mixup: 0.3, cutmix: 0.3, resizemix: None },
        ema: Some(EmaSpec { decay: 0.9, every: 2 }),
        ..recipe()
    }
}

/// Runs until the first epoch is written, or to the end.
fn run_to(first_epoch_only: bool, resume: bool, out: &Path) -> Result<Outcome> {
    let (config, dataset, recipe) = (config(), dataset(), eventful());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let run = Run { resume, ..plan(&config, &dataset, &recipe, out, &stop) };
        let training =
            scope.spawn(move || train::<Flex>(run, &[Default::default()], &mut Progress::hidden()));
        while first_epoch_only && !training.is_finished() && !out.join("resume.bin").exists() {
            std::thread::yield_now();
        }
        stop.store(first_epoch_only, Ordering::Relaxed);
        training.join().expect("no panic")
    })
}

/// The table without the columns that depend on time.
fn history(out: &Path) -> Vec<String> {
    let table = fs::read_to_string(out.join("metrics.csv")).unwrap();
    let untimed = |line: &str| line.rsplitn(3, ',').last().map(str::to_owned);
    table.lines().filter_map(untimed).collect()
}

#[test]
fn a_resumed_run_has_the_result_of_an_uninterrupted_run() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run_to(false, false, whole.path()).unwrap();
    let error = run_to(true, false, parts.path()).expect_err("stopped");
    assert!(error.downcast_ref::<Interrupted>().is_some(), "{error:#}");
    assert!(history(parts.path()).len() < history(whole.path()).len(), "stopped before the end");
    run_to(false, true, parts.path()).unwrap();
    assert_eq!(history(parts.path()), history(whole.path()), "the same losses to the last digit");
    let bytes = |out: &Path| fs::read(out.join("best.mpk")).unwrap();
    assert!(bytes(parts.path()) == bytes(whole.path()), "the same checkpoint");
    assert!(!parts.path().join("resume.bin").exists(), "nothing is left to resume");
}

#[test]
fn a_state_that_cannot_be_used_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path();
    let refusal = || format!("{:#}", run_to(false, true, out).expect_err("refused"));
    assert!(refusal().contains("no unfinished run to continue"), "nothing there");

    run_to(true, false, out).expect_err("stopped");
    let path = out.join("resume.bin");
    let whole = fs::read(&path).unwrap();
    for len in [0, 7, 8, 39, 40, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        assert!(refusal().contains("remove it"), "cut to {len} bytes");
    }
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&path, &damaged).unwrap();
    assert!(refusal().contains("damaged"), "one bit");
    assert!(out.join("best.mpk").exists(), "the best checkpoint stays");

    fs::write(&path, &whole).unwrap();
    let (config, dataset, stop) = (config(), dataset(), AtomicBool::new(false));
    let other = Recipe { learning_rate: 0.5, ..eventful() };
    let run = Run { resume: true, ..plan(&config, &dataset, &other, out, &stop) };
    let error = train::<Flex>(run, &[Default::default()], &mut Progress::hidden());
    let error = format!("{:#}", error.expect_err("other options"));
    assert!(error.contains("learning rate 0.01, not 0.5"), "{error}");

    let (recipe, mut dataset) = (eventful(), dataset);
    dataset.train = dataset.train.sample(usize::MAX, 3);
    let run = Run { resume: true, ..plan(&config, &dataset, &recipe, out, &stop) };
    let error = train::<Flex>(run, &[Default::default()], &mut Progress::hidden());
    let error = format!("{:#}", error.expect_err("the same images in another order"));
    assert!(error.contains("a run with other training images"), "{error}");
}
