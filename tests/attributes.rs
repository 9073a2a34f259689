//! The attribute head: every kernel set equals the reference, the class logits are those of the blob without
//! it, and every fault of its bytes has its own error.

use kit::image;
use kit::network::{AttributeHead, Network};
use kit::rng::Rng;
use kit::synthetic::{self, Values};
use kit::{smallest, specs};
use runtime::config::{Pool, Preset, VitConfig};
use runtime::error::{FormatError, RecordId};
use runtime::format::{HEAD_ATTRIBUTES, MAX_ATTRIBUTES};
use runtime::{Attributes, EvidenceError, Kernels, Model};
use tests::integer_reference::IntegerReference;
use tests::observed;

/// The network with an attribute head.
fn with_head(network: &Network, head: &AttributeHead) -> Vec<u8> {
    let mut network = network.clone();
    network.other_heads.push((HEAD_ATTRIBUTES, head.to_bytes()));
    network.to_bytes()
}

fn check(name: &str, config: &VitConfig, seed: u64, values: Values) {
    let plain = synthetic::network(config, seed, values);
    let head = synthetic::attributes(config, 1 + seed as usize % 25, seed, values);
    let blob = with_head(&plain, &head);
    let image = image::random(config.image(), seed);
    let expected = IntegerReference::new(&blob).run(&image);
    let without = IntegerReference::new(&plain.to_bytes()).run(&image);
    assert_eq!(expected.logits, without.logits, "{name}: the logits change with the attributes");
    assert_eq!(without.attributes, None, "{name}: attributes of a blob without them");
    for kernels in Kernels::all() {
        let model = Model::parse(&blob).unwrap().with_kernels(kernels);
        let attributes = Attributes::parse(&model).unwrap().expect("an attribute head");
        let mut arena = vec![0xA5; model.arena_len()];
        let output = model.run(&image, &mut arena).unwrap();
        let found = observed::attributes(&output, &attributes, config.tokens()).unwrap();
        assert_eq!(Some(found), expected.attributes, "{name}, {kernels:?}");
        let logits: Vec<i128> = output.logits().iter().map(|&logit| logit.into()).collect();
        assert_eq!(logits, expected.logits, "{name}, {kernels:?}: logits of the classes");
    }
}

fn random(count: u64, values: Values) {
    let mut with_hidden_layers = 0;
    let networks = (0..).map(|seed| (seed, specs::random(&mut Rng::new(seed))));
    let mean = networks.filter(|(_, config)| config.spec().pool == Pool::Mean);
    for (seed, config) in mean.take(count as usize) {
        check(&format!("seed {seed}, {:?}", config.spec()), &config, seed, values);
        with_hidden_layers += u32::from(!config.spec().hidden.is_empty());
    }
    assert!(with_hidden_layers > 10, "{with_hidden_layers} class heads have hidden layers");
}

#[test]
fn typical_attributes_equal_the_reference() {
    random(150, Values::Typical);
}

#[test]
fn extreme_attributes_equal_the_reference() {
    random(150, Values::Extreme);
}

#[test]
fn attributes_of_presets_equal_the_reference() {
    for preset in [Preset::Nano, Preset::Micro, Preset::Compact] {
        check(preset.name(), &preset.config(10).unwrap(), 20, Values::Typical);
    }
    let mut own = Preset::Nano.config(5).unwrap().spec().clone();
    (own.image.height, own.image.width) = (96, 96);
    check("own pictures", &VitConfig::new(own).unwrap(), 20, Values::Typical);
}

/// The smallest network with a mean pool, and a head of three attributes.
fn small() -> (Network, AttributeHead) {
    let [(_, network), ..] = smallest::networks();
    let config = VitConfig::new(network.spec.clone()).unwrap();
    assert_eq!(config.spec().pool, Pool::Mean, "the pool of the smallest network");
    let head = synthetic::attributes(&config, 3, 1, Values::Typical);
    (network, head)
}

/// What the reader of the attributes says of a network whose first other head has `body`.
fn parsed(network: &Network, body: Vec<u8>) -> Result<Option<usize>, FormatError> {
    let mut network = network.clone();
    network.other_heads.push((HEAD_ATTRIBUTES, body));
    let blob = network.to_bytes();
    let model = Model::parse(&blob).expect("the reader of the network skips the head");
    Attributes::parse(&model).map(|attributes| attributes.map(|found| found.len()))
}

fn changed(change: impl FnOnce(&mut AttributeHead)) -> Result<Option<usize>, FormatError> {
    let (network, mut head) = small();
    change(&mut head);
    parsed(&network, head.to_bytes())
}

const RECORD: RecordId = RecordId::Head(1);

fn range(field: &'static str, found: i64, min: i64, max: i64) -> FormatError {
    FormatError::Range { record: RECORD, field, found, min, max }
}

#[test]
fn a_blob_without_attributes_has_none() {
    let (mut network, head) = small();
    let blob = network.to_bytes();
    assert!(Attributes::parse(&Model::parse(&blob).unwrap()).unwrap().is_none(), "no head");
    // Heads of unknown kinds on both sides.
    network.other_heads = vec![(2, vec![1]), (HEAD_ATTRIBUTES, head.to_bytes()), (255, vec![])];
    let blob = network.to_bytes();
    let model = Model::parse(&blob).unwrap();
    let attributes = Attributes::parse(&model).unwrap().expect("an attribute head");
    assert_eq!(attributes.len(), 3, "attributes");
    assert_eq!(attributes.name(2), Some("attribute 2"), "the last name");
    assert_eq!(attributes.name(3), None, "a name too many");
}

#[test]
fn every_truncated_head_is_refused_and_a_longer_one_too() {
    let (network, head) = small();
    let body = head.to_bytes();
    assert_eq!(parsed(&network, body.clone()), Ok(Some(3)), "intact");
    for len in 0..body.len() {
        let error = parsed(&network, body[..len].to_vec()).unwrap_err();
        assert_eq!(error, FormatError::Record { record: RECORD }, "{len} bytes");
    }
    let longer = [&body[..], &[0]].concat();
    assert_eq!(parsed(&network, longer), Err(FormatError::Trailing { bytes: 1 }), "a byte more");
}

#[test]
fn names_are_counted_and_none_is_empty() {
    for names in ["a\n\nb", "\na\nb", "a\nb\n"] {
        let error = changed(|head| head.names = names.into()).unwrap_err();
        let expected = FormatError::Presence { record: RECORD, field: "name", expected: true };
        assert_eq!(error, expected, "{names:?}");
    }
    let error = changed(|head| head.names = String::new()).unwrap_err();
    assert_eq!(error, range("names", 0, 1, 256), "no name");
    let (network, _) = small();
    let config = VitConfig::new(network.spec.clone()).unwrap();
    let head = |count| synthetic::attributes(&config, count, 1, Values::Typical);
    let most = head(MAX_ATTRIBUTES);
    assert_eq!(parsed(&network, most.to_bytes()), Ok(Some(MAX_ATTRIBUTES)), "the most");
    let mut more = most;
    more.names += "\nx";
    assert_eq!(parsed(&network, more.to_bytes()), Err(range("names", 257, 1, 256)), "one more");
    // The bytes of the names are no text.
    let mut body = head(3).to_bytes();
    body[1] = 0xFF;
    let error = parsed(&network, body).unwrap_err();
    assert_eq!(error, FormatError::Record { record: RECORD }, "not UTF-8");
}

#[test]
fn every_tensor_has_one_length() {
    let dim = small().0.spec.dim;
    let check = |tensor, expected: usize, pop: fn(&mut AttributeHead) -> &mut Vec<u8>| {
        for longer in [false, true] {
            let found = if longer { expected + 1 } else { expected - 1 };
            let error = changed(|head| pop(head).resize(found, 32)).unwrap_err();
            let lengths = FormatError::TensorLen { record: RECORD, tensor, found, expected };
            assert_eq!(error, lengths, "{tensor}");
        }
    };
    check("weights", 3 * usize::from(dim), |head| &mut head.weights);
    check("bias", 12, |head| &mut head.bias);
    check("mult", 12, |head| &mut head.mult);
    check("shift", 3, |head| &mut head.shift);
}

#[test]
fn every_value_is_accepted_up_to_both_ends() {
    let set = |tensor: &mut Vec<u8>, value: i32| tensor[8..].copy_from_slice(&value.to_le_bytes());
    for value in [-(1 << 30) - 1, -(1 << 30), 0, 1 << 30, (1 << 30) + 1, i32::MIN] {
        let expected = match value {
            -0x4000_0000..=0x4000_0000 => Ok(Some(3)),
            _ => Err(range("bias", value.into(), -(1 << 30), 1 << 30)),
        };
        assert_eq!(changed(|head| set(&mut head.bias, value)), expected, "bias {value}");
    }
    for value in [-1, 0, (1 << 30) - 1, 1 << 30, i32::MAX, i32::MIN] {
        let expected = match value {
            0x4000_0000..=i32::MAX => Ok(Some(3)),
            _ => Err(range("mult", value.into(), 1 << 30, i32::MAX.into())),
        };
        assert_eq!(changed(|head| set(&mut head.mult, value)), expected, "mult {value}");
    }
    for value in [0, 9, 10, 62, 63, 255] {
        let expected = match value {
            10..=62 => Ok(Some(3)),
            _ => Err(range("shift", value.into(), 10, 62)),
        };
        assert_eq!(changed(|head| head.shift[2] = value), expected, "shift {value}");
    }
}

#[test]
fn a_second_head_is_refused() {
    let (mut network, head) = small();
    network.other_heads = vec![(7, vec![]), (HEAD_ATTRIBUTES, head.to_bytes())];
    let error = parsed(&network, head.to_bytes()).unwrap_err();
    let (record, field, found) = (RecordId::Head(3), "kind", 1);
    assert_eq!(error, FormatError::Range { record, field, found, min: 2, max: 255 }, "the third");
}

#[test]
fn a_network_without_a_mean_pool_has_no_attributes() {
    let (_, head) = small();
    let networks = smallest::networks();
    let flatten = networks.iter().find(|(_, network)| network.spec.pool == Pool::Flatten);
    let (_, network) = flatten.expect("a smallest network with a flatten pool");
    let error = parsed(network, head.to_bytes()).unwrap_err();
    let expected = FormatError::Presence { record: RECORD, field: "mean pool", expected: true };
    assert_eq!(error, expected, "flatten");
}

#[test]
fn wrong_attributes_and_sizes_are_refused() {
    let config = Preset::Nano.config(10).unwrap();
    let head = synthetic::attributes(&config, 4, 1, Values::Typical);
    let blob = with_head(&synthetic::network(&config, 1, Values::Typical), &head);
    let model = Model::parse(&blob).unwrap();
    let attributes = Attributes::parse(&model).unwrap().expect("attributes");
    let mut arena = vec![0; model.arena_len()];
    let output = model.run(&image::random(config.image(), 1), &mut arena).unwrap();
    let mut map = vec![7; 64];
    let error = output.attribute_evidence(&attributes, 4, &mut map).unwrap_err();
    assert_eq!(error, EvidenceError::Attribute { found: 4, attributes: 4 }, "one too many");
    let error = output.attribute_evidence(&attributes, 0, &mut map[1..]).unwrap_err();
    assert_eq!(error, EvidenceError::Length { found: 63, expected: 64 }, "a token too few");
    let (network, head) = small();
    let other = with_head(&network, &head);
    let other = Model::parse(&other).unwrap();
    let others = Attributes::parse(&other).unwrap().expect("attributes");
    let expected =
        EvidenceError::Network { found: network.spec.dim.into(), expected: config.dim() };
    assert_eq!(output.attributes(&others).map(|_| ()), Err(expected), "of another network");
    let error = output.attribute_evidence(&others, 0, &mut map).unwrap_err();
    assert_eq!(error, expected, "a map of another network");
    assert_eq!(map, [7; 64], "nothing is written after an error");
}
