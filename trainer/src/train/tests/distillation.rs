//! Students and their teachers.

use super::*;
use crate::recipe::Distillation;

/// Trains with wrong labels, so that only a teacher can tell the classes.
fn taught(share: f64, teacher: &Path, out: &Path) -> Result<Outcome> {
    let (config, stop) = (config(), AtomicBool::new(false));
    let mut dataset = dataset();
    let turned = dataset.train.labels().iter().map(|label| (label + 1) % 3).collect();
    dataset.train = Images::new(8, 8, dataset.train.pixels().to_vec(), turned).unwrap();
    let distillation = Distillation { share, temperature: 2.0 };
    let recipe = Recipe { distillation, seed: 3, ..recipe() };
    let run = Run { teacher: Some(teacher), ..plan(&config, &dataset, &recipe, out, &stop) };
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
