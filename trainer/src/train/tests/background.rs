//! Training with replaced backgrounds.

use super::*;

/// Trains with a new background in every image of a share of the batches.
fn trained(background: Option<f64>, config: VitConfig, out: &Path) -> Result<Outcome> {
    let recipe = Recipe { background, ..recipe() };
    run_in_parts::<Flex>(&recipe, config, recipe.batch_size, out)
}

#[test]
fn a_network_learns_with_new_backgrounds() {
    let out = tempfile::tempdir().unwrap();
    let outcome = trained(Some(0.5), config(), out.path()).unwrap();
    let [first, .., last] = outcome.epochs.as_slice() else { panic!("several epochs") };
    assert!(last.validation_accuracy > 0.9, "{last:?}");
    assert!(last.train_loss < first.train_loss, "{first:?}, then {last:?}");
}

#[test]
fn a_network_without_maps_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let flat = VitSpec { pool: Pool::Flatten, ..config().spec().clone() };
    let hidden = VitSpec { hidden: [5].into_iter().collect(), ..config().spec().clone() };
    for spec in [flat, hidden] {
        let error = trained(Some(0.5), VitConfig::new(spec).unwrap(), out.path()).unwrap_err();
        assert!(error.to_string().contains("--replace-background"), "{error}");
    }
}
