//! Students and their teachers.

use std::fs;
use std::num::NonZeroUsize;

use super::*;
use crate::data::mix::Mix;
use crate::recipe::Distillation;

/// Trains with wrong labels, so that the right ones are learnt from the teacher alone.
fn taught(share: f64, teacher: &Path, out: &Path) -> Result<Outcome> {
    taught_with(recipe(), None, share, teacher, out)
}

/// As [`taught`], with another recipe and a directory of scores.
fn taught_with(
    recipe: Recipe,
    scores: Option<&Path>,
    share: f64,
    teacher: &Path,
    out: &Path,
) -> Result<Outcome> {
    let (config, stop) = (config(), AtomicBool::new(false));
    let mut dataset = dataset();
    let turned = dataset.train.labels().iter().map(|label| (label + 1) % 3).collect();
    dataset.train = Images::new(8, 8, dataset.train.pixels().to_vec(), turned).unwrap();
    let distillation = Distillation { share, temperature: 2.0 };
    let recipe = Recipe { distillation, seed: 3, ..recipe };
    let run = plan(&config, &dataset, &recipe, out, &stop);
    let run = Run { teacher: Some(teacher), scores, ..run };
    train::<Flex>(run, &[Default::default()], &mut Progress::hidden())
}

#[test]
fn a_student_follows_its_teacher_rather_than_the_labels() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let teacher = run::<Flex>(&recipe(), first.path()).unwrap().checkpoint;
    let outcome = taught(1.0, &teacher, second.path()).unwrap();
    let last = outcome.epochs.last().unwrap();
    assert!(last.validation_accuracy < 0.1, "wrong labels are not learnt: {last:?}");
    let outcome = taught(0.0, &teacher, second.path()).unwrap();
    let last = outcome.epochs.last().unwrap();
    assert!(last.validation_accuracy > 0.9, "without a share the labels are: {last:?}");
}

#[test]
fn a_teacher_of_something_else_is_refused() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let refusal =
        |teacher: &Path| format!("{:#}", taught(0.5, teacher, second.path()).unwrap_err());
    let error = refusal(Path::new("no/teacher.mpk"));
    assert!(error.contains("no/teacher.mpk cannot be used as the teacher"), "{error}");

    let (config, dataset, stop) = (config(), dataset(), AtomicBool::new(false));
    let pixels = Recipe { normalisation: Normalisation::PIXELS, epochs: 1, ..recipe() };
    let run = plan(&config, &dataset, &pixels, first.path(), &stop);
    let teacher = train::<Flex>(run, &[Default::default()], &mut Progress::hidden()).unwrap();
    let error = refusal(&teacher.checkpoint);
    assert!(error.contains("normalises pixels differently"), "{error}");
}

/// The recipe of these tests with views and `CutMix` images.
fn with_views(views: usize, region_loss: Option<f64>) -> Recipe {
    let mix = Mix { mixup: 0.0, cutmix: 0.5, resizemix: None };
    Recipe { views: NonZeroUsize::new(views), mix, region_loss, ..recipe() }
}

#[test]
fn a_student_follows_the_kept_scores_of_its_teacher() {
    let [first, second, kept] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let teacher = run::<Flex>(&recipe(), first.path()).unwrap().checkpoint;
    for region_loss in [None, Some(1.0)] {
        let recipe = with_views(2, region_loss);
        let outcome = taught_with(recipe, Some(kept.path()), 1.0, &teacher, second.path()).unwrap();
        let last = outcome.epochs.last().unwrap();
        assert!(
            last.validation_accuracy < 0.1,
            "{region_loss:?}: wrong labels are not learnt: {last:?}"
        );
    }
}

#[test]
fn scores_are_computed_once() {
    let [first, second, kept] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let teacher = run::<Flex>(&recipe(), first.path()).unwrap().checkpoint;
    let train = |views| {
        let recipe = Recipe { epochs: 2, ..with_views(views, None) };
        taught_with(recipe, Some(kept.path()), 0.5, &teacher, second.path())
    };
    let losses =
        |outcome: Outcome| outcome.epochs.iter().map(|row| row.train_loss).collect::<Vec<_>>();
    let directory = || fs::read_dir(kept.path()).unwrap().next().unwrap().unwrap().path();
    let files = || {
        let files = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        files.sort();
        files
    };
    let computed = losses(train(2).unwrap());
    let before = files();
    assert_eq!(before.len(), 2, "a file for each view");
    assert_eq!(computed, losses(train(2).unwrap()), "read scores are the computed ones");
    // What a killed run leaves.
    fs::write(directory().join(".ocelli-a1b2c3.part"), "half").unwrap();
    train(3).unwrap();
    let after = files();
    assert_eq!(after[..2], before[..], "a further view leaves the others as they are");
    assert_eq!(after.len(), 3, "and adds its own; the leftover is gone");

    // The first score of the first view.
    let (path, mut bytes) = after[0].clone();
    bytes[40] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = format!("{:#}", train(3).unwrap_err());
    assert!(error.contains("view-0.bin is damaged: delete it"), "{error}");
}
