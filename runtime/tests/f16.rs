//! The bits of the arithmetic `F16` under every kernel set of the target, pinned: hashes of the logits of
//! random networks.
#![cfg(feature = "f16")]

use kit::fnv::Fnv1a;
use kit::{f16_network, image, smallest};
use runtime::config::{Preset, VitConfig};
use runtime::{F16Kernels, Model};

/// A change of one of these is a change of results: say so in CHANGELOG.md.
const PINNED: [(&str, &str); 5] = [
    ("stem", "114577ec77578205"),
    ("patches in grid order", "e0c0b1c6ad81fa1d"),
    ("patches in row order", "3e80ebe6e74f72f3"),
    ("micro", "9b0132297ffa91e7"),
    ("vit-64x4", "d4e8a18de0746244"),
];

#[test]
fn every_set_gives_the_pinned_bits() {
    let small = smallest::networks().map(|(name, network)| (name, network.spec));
    let presets = [Preset::Micro, Preset::Vit64x4]
        .map(|preset| (preset.name(), preset.config(10).unwrap().spec().clone()));
    let mut found = Vec::new();
    for (name, spec) in small.into_iter().chain(presets) {
        let config = VitConfig::new(spec).unwrap();
        let blob = f16_network::blob(&config, 1);
        let model = Model::parse_f16(&blob).unwrap();
        let image = image::random(config.image(), 1);
        for kernels in F16Kernels::all() {
            let model = model.clone().with_kernels(kernels);
            for len in [model.arena_len(), model.arena_len_fast()] {
                let mut arena = vec![0x5A; len];
                let output = model.run(&image, &mut arena).unwrap();
                assert!(output.logits().iter().all(|logit| logit.is_finite()), "{name}");
                let mut hash = Fnv1a::new();
                hash.extend(output.logits().iter().map(|logit| logit.to_bits().cast_signed()));
                found.push((name, kernels.name, hash.to_string()));
            }
        }
    }
    for (name, set, hash) in &found {
        let pinned = PINNED.iter().find(|(pinned, _)| pinned == name).unwrap();
        assert_eq!(hash, pinned.1, "{name}, {set}: all of them: {found:#?}");
    }
}
