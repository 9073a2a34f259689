//! Every fault of a blob has its own error. The error says what was found, where, and what was
//! expected. Every range ends exactly where `FORMAT.md` says.

use kit::network::{Linear, Network};
use kit::sealed::sealed;
use kit::{f16_network, smallest};
use runtime::Model;
use runtime::config::{ConfigError, PatchOrder, StemSpec, StemStage, VitConfig};
use runtime::error::{FormatError, RecordId};
use runtime::format::{MAGIC, PRELUDE_LEN, VERSION};
use std::collections::BTreeSet;

/// The smallest networks: stem, patches in grid order, patches in row order.
fn networks() -> [Network; 3] {
    smallest::networks().map(|(_, network)| network)
}

/// A change that makes a network invalid.
type Change = fn(&mut Network);

fn changed(network: &Network, change: impl Fn(&mut Network)) -> Result<(), FormatError> {
    let mut network = network.clone();
    change(&mut network);
    check(&network.to_bytes())
}

/// The reader's result. The text of an error must contain everything that [`promises`] lists for it.
fn check(bytes: &[u8]) -> Result<(), FormatError> {
    Model::parse(bytes).map(drop).map_err(explained)
}

/// [`check`] for a blob of the arithmetic `F16`.
fn check_f16(bytes: &[u8]) -> Result<(), FormatError> {
    Model::parse_f16(bytes).map(drop).map_err(explained)
}

fn explained(error: FormatError) -> FormatError {
    let text = error.to_string();
    for promise in promises(&error).1 {
        assert!(text.contains(&promise), "{text:?} does not say {promise:?}");
    }
    error
}

/// An f16 blob whose last number, a bias of the class head, is replaced.
fn f16_with(last: [u8; 4]) -> Vec<u8> {
    let [_, _, row] = networks();
    let mut blob = f16_network::blob(&VitConfig::new(row.spec).unwrap(), 1);
    let at = blob.len() - 4;
    blob[at..].copy_from_slice(&last);
    sealed(blob)
}

/// Name of the variant and what its text must contain. A new variant needs a line here and a case in
/// `every_variant_can_be_provoked`.
fn promises(error: &FormatError) -> (&'static str, Vec<String>) {
    match error {
        FormatError::Truncated { found, expected } => {
            ("Truncated", vec![found.to_string(), expected.to_string()])
        }
        FormatError::Magic { found, expected } => {
            let text = String::from_utf8_lossy(expected).into_owned();
            ("Magic", vec![format!("{found:02x?}"), text])
        }
        FormatError::Version { found, newest } => {
            ("Version", vec![format!("version {found};"), format!("to {newest}")])
        }
        FormatError::Arithmetic { found, expected } => {
            ("Arithmetic", vec![format!("arithmetic {found},"), format!("expected {expected} ")])
        }
        FormatError::Length { found, expected } => {
            ("Length", vec![found.to_string(), expected.to_string()])
        }
        FormatError::Checksum { found, expected } => {
            ("Checksum", vec![format!("{found:08x}"), format!("{expected:08x}")])
        }
        FormatError::Record { record } => ("Record", vec![record.to_string()]),
        FormatError::Config(error) => ("Config", vec![error.to_string()]),
        FormatError::TensorLen { record, tensor, found, expected } => (
            "TensorLen",
            vec![
                record.to_string(),
                (*tensor).into(),
                format!("{found} bytes"),
                format!("expected {expected}"),
            ],
        ),
        FormatError::Range { record, field, found, min, max } => (
            "Range",
            vec![record.to_string(), format!("{field} is {found},"), format!("{min} to {max}")],
        ),
        FormatError::NotFinite { record, tensor } => {
            ("NotFinite", vec![record.to_string(), (*tensor).into(), "not finite".into()])
        }
        FormatError::Presence { record, field, .. } => {
            ("Presence", vec![record.to_string(), (*field).into()])
        }
        FormatError::ClassNames { found, expected } => {
            ("ClassNames", vec![format!("{found} class names"), format!("{expected} classes")])
        }
        FormatError::Trailing { bytes } => ("Trailing", vec![format!("{bytes} bytes")]),
        other => panic!("{other:?} has no line here"),
    }
}

#[test]
fn a_refused_blob_leaves_no_model_behind() {
    let [network, ..] = networks();
    let whole = network.to_bytes();
    let damaged: Vec<Vec<u8>> = (PRELUDE_LEN..whole.len())
        .step_by(7)
        .map(|at| {
            let mut bytes = whole.clone();
            bytes[at] = !bytes[at];
            sealed(bytes)
        })
        .chain([Vec::new(), whole[..PRELUDE_LEN].to_vec()])
        .collect();
    let mut refused = 0;
    for bytes in &damaged {
        let mut place = None;
        Model::parse_into(&whole, &mut place).unwrap();
        assert!(place.is_some(), "the intact blob was refused");
        if Model::parse_into(bytes, &mut place).is_err() {
            refused += 1;
            assert!(place.is_none(), "a model is left in the place");
        }
    }
    assert!(refused > 20, "{refused} of {} are refused", damaged.len());
}

#[test]
fn every_variant_can_be_provoked() {
    let [stem, ..] = networks();
    let intact = stem.to_bytes();
    let edited = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = intact.clone();
        edit(&mut bytes);
        bytes
    };
    let blobs = [
        edited(&|bytes| bytes.truncate(PRELUDE_LEN - 1)),
        edited(&|bytes| bytes[0] = b'X'),
        edited(&|bytes| bytes[4] = 9),
        edited(&|bytes| bytes[6] = 99),
        edited(&|bytes| bytes.push(0)),
        edited(&|bytes| bytes[PRELUDE_LEN] ^= 1),
        sealed(intact[..PRELUDE_LEN].to_vec()),
        sealed(edited(&|bytes| bytes.push(0))),
    ];
    let changes: [Change; 5] = [
        |network| network.spec.classes = 1,
        |network| network.embed.weights.truncate(1),
        |network| network.end.shift = 0,
        |network| network.end.embedding = None,
        |network| network.class_names.push_str("\nfourth"),
    ];
    let mut seen = BTreeSet::new();
    let mut see = |result: Result<(), FormatError>| {
        let name = promises(&result.expect_err("a broken blob")).0;
        assert!(seen.insert(name), "{name} was provoked twice");
    };
    blobs.iter().for_each(|bytes| see(check(bytes)));
    changes.iter().for_each(|change| see(changed(&stem, change)));
    see(check_f16(&f16_with(f32::INFINITY.to_le_bytes())));
    assert_eq!(seen.len(), 14, "variants: {seen:?}");
}

#[test]
fn the_prelude_is_checked_field_by_field() {
    let intact = networks()[0].to_bytes();
    let len = intact.len();
    for found in 0..PRELUDE_LEN {
        let expected = FormatError::Truncated { found, expected: PRELUDE_LEN };
        assert_eq!(check(&intact[..found]), Err(expected), "{found} bytes");
    }
    let magic = FormatError::Magic { found: *b"OCEX", expected: MAGIC };
    assert_eq!(check(&with(&intact, 3, b"X")), Err(magic), "magic");
    let version = FormatError::Version { found: 258, newest: VERSION };
    assert_eq!(check(&with(&intact, 4, &[2, 1])), Err(version), "version, two bytes");
    let arithmetic = FormatError::Arithmetic { found: 0x0703, expected: 0 };
    assert_eq!(check(&with(&intact, 6, &[3, 7])), Err(arithmetic), "arithmetic, two bytes");
    for announced in [0, len - PRELUDE_LEN - 1, len - PRELUDE_LEN + 1, 0xFFFF_FFFF] {
        let bytes = u32::try_from(announced).unwrap().to_le_bytes();
        let error = FormatError::Length { found: len - PRELUDE_LEN, expected: announced };
        assert_eq!(check(&with(&intact, 8, &bytes)), Err(error), "{announced} bytes announced");
    }
    let crc = u32::from_le_bytes(intact[12..16].try_into().unwrap());
    let error = FormatError::Checksum { found: crc, expected: !crc };
    assert_eq!(check(&with(&intact, 12, &(!crc).to_le_bytes())), Err(error), "checksum");
}

/// `bytes` with some of them replaced.
fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

#[test]
fn impossible_networks_are_refused() {
    let [stem, grid, row] = networks();
    let refused = |network: &Network, change: Change| match changed(network, change) {
        Err(FormatError::Config(error)) => error,
        other => panic!("{other:?} for an impossible network"),
    };
    let out_of_range = ConfigError::OutOfRange { what: "dim", found: 1025, min: 1, max: 1024 };
    assert_eq!(refused(&grid, |network| network.spec.dim = 1025), out_of_range, "dim");
    let patch_size = ConfigError::PatchSize { size: 2, side: 5 };
    assert_eq!(refused(&grid, |network| network.spec.image.width = 5), patch_size, "side");
    assert_eq!(
        refused(&row, |network| network.spec.mlp.depthwise = true),
        ConfigError::DepthwiseNeedsGrid,
        "depthwise in row order"
    );
    let stem_end = ConfigError::StemEnd { dim: 6 };
    assert_eq!(refused(&stem, |network| network.spec.dim = 6), stem_end, "width of the stem");
    let residual_first = |network: &mut Network| match &mut network.spec.stem {
        StemSpec::Conv(stages) => stages.swap(0, 2),
        StemSpec::Patches { .. } => panic!("a stem of convolutions"),
    };
    assert_eq!(refused(&stem, residual_first), ConfigError::StemStart, "a residual stage first");
    let texts = [out_of_range, patch_size, stem_end].map(|error| error.to_string());
    let numbers = [vec!["dim", "1025", "1", "1024"], vec!["2", "5"], vec!["6"]];
    for (text, numbers) in texts.iter().zip(numbers) {
        for number in numbers {
            assert!(text.contains(number), "{text:?} does not say {number}");
        }
    }
    // The description decides which records are read, so a wrong one does not fit those that follow.
    let order = |network: &mut Network| {
        network.spec.stem = StemSpec::Patches { size: 2, order: PatchOrder::Row };
    };
    assert_eq!(changed(&grid, order), Ok(()), "the same shapes in another order");
    let wider = |network: &mut Network| match &mut network.spec.stem {
        StemSpec::Conv(stages) => {
            stages[0] = StemStage::Conv { channels: 4, stride: 1, gelu: true };
        }
        StemSpec::Patches { .. } => panic!("a stem of convolutions"),
    };
    let expected = FormatError::TensorLen {
        record: RecordId::Conv(0),
        tensor: "weights",
        found: 3 * 27,
        expected: 4 * 27,
    };
    assert_eq!(changed(&stem, wider), Err(expected), "another width");
}

/// A linear layer of a network, and the record that holds it.
type Layer = (RecordId, fn(&mut Network) -> &mut Linear);

const LAYERS: [Layer; 10] = [
    (RecordId::Conv(0), |network| &mut network.convs[0].linear),
    (RecordId::Conv(3), |network| &mut network.convs[3].linear),
    (RecordId::Conv(5), |network| &mut network.convs[5].linear),
    (RecordId::Embed, |network| &mut network.embed),
    (RecordId::Block(0), |network| &mut network.blocks[0].qkv),
    (RecordId::Block(0), |network| &mut network.blocks[0].project),
    (RecordId::Block(0), |network| &mut network.blocks[0].mlp1.0),
    (RecordId::Block(0), |network| &mut network.blocks[0].depthwise.as_mut().unwrap().0),
    (RecordId::Block(0), |network| &mut network.blocks[0].mlp2),
    (RecordId::Head(0), |network| &mut network.class_head.hidden[0].0),
];

/// A tensor of a network, its name and the record that holds it.
type Tensor = (RecordId, &'static str, fn(&mut Network) -> &mut Vec<u8>);

const TENSORS: [Tensor; 9] = [
    (RecordId::Position, "position", |network| &mut network.position),
    (RecordId::Conv(0), "gelu table", |network| {
        &mut network.convs[0].activation.gelu.as_mut().unwrap().0
    }),
    (RecordId::Block(0), "gelu table", |network| {
        &mut network.blocks[0].depthwise.as_mut().unwrap().1.gelu.as_mut().unwrap().0
    }),
    (RecordId::Block(0), "gelu table", |network| {
        &mut network.blocks[0].mlp2_gelu.as_mut().unwrap().1
    }),
    (RecordId::End, "gamma", |network| &mut network.end.gamma),
    (RecordId::End, "beta", |network| &mut network.end.beta),
    (RecordId::Head(0), "gelu table", |network| {
        &mut network.class_head.hidden[0].1.gelu.as_mut().unwrap().0
    }),
    (RecordId::Head(0), "weights", |network| &mut network.class_head.weights),
    (RecordId::Head(0), "bias", |network| &mut network.class_head.bias),
];

#[test]
fn every_tensor_has_exactly_one_allowed_length() {
    let [stem, ..] = networks();
    let check_lens = |record, tensor, get: &dyn Fn(&mut Network) -> &mut Vec<u8>| {
        let expected = get(&mut stem.clone()).len();
        for found in [0, 1, expected - 1, expected + 1, expected + 4, 2 * expected] {
            let error = changed(&stem, |network| get(network).resize(found, 0x40));
            let wanted = FormatError::TensorLen { record, tensor, found, expected };
            assert_eq!(error, Err(wanted), "{record}, {tensor}: {found} bytes");
        }
    };
    for (record, tensor, get) in TENSORS {
        check_lens(record, tensor, &get);
    }
    for (record, get) in LAYERS {
        check_lens(record, "weights", &|network| &mut get(network).weights);
        check_lens(record, "bias", &|network| &mut get(network).bias);
        check_lens(record, "mult", &|network| &mut get(network).mult);
        check_lens(record, "shift", &|network| &mut get(network).shift);
    }
}

#[test]
fn optional_parts_are_present_exactly_where_the_description_says() {
    let [stem, grid, row] = networks();
    let cases: [(&Network, RecordId, &str, bool, Change); 9] = [
        (&stem, RecordId::Conv(0), "gelu", true, |n| n.convs[0].activation.gelu = None),
        (&stem, RecordId::Conv(1), "gelu", false, |n| {
            n.convs[1].activation.gelu = n.convs[0].activation.gelu.clone();
        }),
        (&stem, RecordId::Conv(3), "skip", true, |n| n.convs[3].skip = None),
        (&stem, RecordId::Conv(2), "skip", false, |n| n.convs[2].skip = n.convs[3].skip),
        (&stem, RecordId::Block(0), "depthwise", true, |n| n.blocks[0].depthwise = None),
        (&grid, RecordId::Block(1), "depthwise", false, |n| {
            n.blocks[1].depthwise = Some(n.blocks[1].mlp1.clone());
        }),
        (&row, RecordId::Block(0), "mlp2_gelu", true, |n| n.blocks[0].mlp2_gelu = None),
        (&grid, RecordId::End, "embedding", true, |n| n.end.embedding = None),
        (&row, RecordId::End, "embedding", false, |n| {
            n.end.embedding = Some(n.class_head.probability);
        }),
    ];
    for (network, record, field, expected, change) in cases {
        let error = changed(network, change).unwrap_err();
        assert_eq!(error, FormatError::Presence { record, field, expected }, "{record}, {field}");
        let text = error.to_string();
        assert_eq!(text.contains("missing"), expected, "{text}");
        assert_eq!(text.contains("must not"), !expected, "{text}");
    }
}

#[test]
fn f16_numbers_are_finite() {
    assert_eq!(check_f16(&f16_with(f32::MAX.to_le_bytes())), Ok(()), "the largest number");
    for last in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
        let expected = FormatError::NotFinite { record: RecordId::Head(0), tensor: "bias" };
        assert_eq!(check_f16(&f16_with(last.to_le_bytes())), Err(expected), "{last}");
    }
    // The f16 weights of the last layer are followed by the length of the biases and three biases.
    let intact = f16_with(1f32.to_le_bytes());
    let at = intact.len() - 13;
    for (bits, expected) in [(0x7BFFu16, true), (0x7C00, false), (0xFC00, false), (0x7E00, false)] {
        let blob = sealed(with(&intact, at - 2, &bits.to_le_bytes()));
        let error = FormatError::NotFinite { record: RecordId::Head(0), tensor: "weights" };
        let expected = if expected { Ok(()) } else { Err(error) };
        assert_eq!(check_f16(&blob), expected, "weight {bits:04x}");
    }
}

#[test]
fn deviations_of_f16_inputs_are_above_zero() {
    let intact = f16_with(1f32.to_le_bytes());
    let means = [0.5f32, 0.25, 0.75].map(f32::to_le_bytes).concat();
    let at = intact.windows(12).position(|window| window == means).unwrap() + means.len();
    for deviation in [0.0, -0.0, f32::MIN_POSITIVE / 1e6, f32::NAN, f32::INFINITY, -0.25] {
        let blob = sealed(with(&intact, at, &deviation.to_le_bytes()));
        let error = check_f16(&blob).expect_err("no deviation");
        let text = error.to_string();
        assert!(text.contains("header") && text.contains("std"), "{deviation}: {text}");
    }
}

#[test]
fn class_names_are_given_for_no_class_or_for_all() {
    let [stem, ..] = networks();
    for (names, found) in [("one", 1), ("one\ntwo", 2), ("\n\n\n", 4)] {
        let error = changed(&stem, |network| network.class_names = names.to_owned());
        assert_eq!(error, Err(FormatError::ClassNames { found, expected: 3 }), "{names:?}");
    }
    for names in ["", "cat\nhorse\nsee-elefant"] {
        let result = changed(&stem, |network| network.class_names = names.to_owned());
        assert_eq!(result, Ok(()), "{names:?}");
        let mut network = stem.clone();
        network.class_names = names.to_owned();
        let blob = network.to_bytes();
        let model = Model::parse(&blob).unwrap();
        for class in 0..4 {
            let expected = names.split('\n').nth(class).filter(|name| !name.is_empty());
            assert_eq!(model.class_name(class), expected, "{names:?}: class {class}");
        }
    }
}
