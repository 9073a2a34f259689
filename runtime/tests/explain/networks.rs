//! Maps of whole networks: every preset with a mean pool, and a rectangle.

use kit::rng::Rng;
use kit::synthetic::{self, Values};
use kit::{image, specs};
use runtime::Model;
use runtime::config::{Pool, Preset, VitConfig};
use runtime::explain::{Floor, Objects, Tiling, display, peak};

/// Presets with a mean pool, among them one for 96×96 pixels, and networks whose images are no squares.
fn configs() -> Vec<VitConfig> {
    let presets = Preset::ALL.iter().map(|preset| preset.config(10).unwrap());
    let others = [specs::tiny(), specs::smallest_grid()].map(|spec| VitConfig::new(spec).unwrap());
    presets.filter(|config| config.spec().pool == Pool::Mean).chain(others).collect()
}

/// The biases of the class head of a network.
fn biases(network: &kit::network::Network) -> Vec<i64> {
    let bias = network.class_head.bias.chunks_exact(4);
    bias.map(|bytes| i32::from_le_bytes(bytes.try_into().unwrap()).into()).collect()
}

#[test]
fn objects_background_and_bias_sum_to_the_logit() {
    assert_eq!(configs().len(), 9, "seven presets and two more");
    for config in configs() {
        let name = format!("{:?}", config.spec());
        let network = synthetic::network(&config, 3, Values::Typical);
        let (blob, biases) = (network.to_bytes(), biases(&network));
        let model = Model::parse(&blob).unwrap();
        let tiling = Tiling::of(model.config()).unwrap();
        let (mut map, mut labels) = (vec![0; tiling.tokens()], vec![0; tiling.tokens()]);
        let mut arena = vec![0; model.arena_len_fast()];
        for seed in 0..2 {
            let image = image::random(config.image(), seed);
            let output = model.run(&image, &mut arena).unwrap();
            for (class, &logit) in output.logits().iter().enumerate() {
                output.evidence(class, &mut map).unwrap();
                let sum: i64 = map.iter().map(|&value| i64::from(value)).sum();
                assert_eq!(biases[class] + sum, logit.into(), "{name}: class {class}");
                for floor in [Floor::Zero, Floor::Mean] {
                    let objects = Objects::find(&map, &tiling, floor, &mut labels).unwrap();
                    let inside: i64 = objects.as_slice().iter().map(|found| found.evidence).sum();
                    let parts = biases[class] + inside + objects.outside();
                    assert_eq!(parts, logit.into(), "{name}: class {class}, {floor:?}");
                }
            }
        }
    }
}

#[test]
fn differences_are_those_of_maps_and_of_logits() {
    for config in configs() {
        let network = synthetic::network(&config, 5, Values::Extreme);
        let (blob, biases) = (network.to_bytes(), biases(&network));
        let model = Model::parse(&blob).unwrap();
        let image = image::random(config.image(), 1);
        let mut arena = vec![0; model.arena_len_fast()];
        let output = model.run(&image, &mut arena).unwrap();
        let tokens = config.tokens();
        let map = |class| {
            let mut map = vec![0; tokens];
            output.evidence(class, &mut map).unwrap();
            map
        };
        let mut rng = Rng::new(1);
        for _ in 0..4 {
            let last = u16::try_from(config.classes() - 1).unwrap();
            let (class, other) = (rng.pick(0, last).into(), rng.pick(0, last).into());
            let mut found = vec![7; tokens];
            output.difference(class, other, &mut found).unwrap();
            let pairs = map(class).into_iter().zip(map(other));
            let expected: Vec<i32> = pairs.map(|(one, other)| one - other).collect();
            assert_eq!(found, expected, "{class} against {other}");
            let sum: i64 = found.iter().map(|&value| i64::from(value)).sum();
            let logit = |class: usize| i64::from(output.logits()[class]) - biases[class];
            assert_eq!(sum, logit(class) - logit(other), "{class} against {other}");
        }
        let classes = config.classes();
        let error = output.difference(0, classes, &mut vec![0; tokens]).unwrap_err();
        let expected = runtime::EvidenceError::Class { found: classes, classes };
        assert_eq!(error, expected, "a class too many");
    }
}

#[test]
fn bytes_for_a_screen_are_within_half_a_step() {
    let mut rng = Rng::new(9);
    for _ in 0..200 {
        let map: Vec<i32> = (0..64).map(|_| rng.pick(-(1 << 25), 1 << 25)).collect();
        let largest = peak(&map).max(1 << rng.pick(0u8, 30));
        let mut bytes = vec![0; 64];
        display(&map, largest, &mut bytes).unwrap();
        for (&value, &byte) in map.iter().zip(&bytes) {
            let error = i128::from(value) * 127 - i128::from(byte) * i128::from(largest);
            assert!(2 * error.abs() <= i128::from(largest), "{value} as {byte} of {largest}");
        }
    }
}
