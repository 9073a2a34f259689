//! What the reader of an index refuses: every length, every range at both ends, each with its own error.

use kit::index::{RandomIndex, RandomParts};
use kit::sealed::sealed;
use kit::smallest;
use runtime::Model;
use runtime::error::{FormatError, RecordId};
use runtime::format::{INDEX_MAGIC, MAGIC, MAX_ENTRIES, PRELUDE_LEN, VERSION};
use runtime::search::{Entry, Fingerprint, Index, Likeness, Part};

const ENTRIES: usize = 4;

/// An index of four entries with labels and names; class parts of 3 values, appearance parts of 2.
fn index() -> RandomIndex {
    RandomIndex::new(1, ENTRIES, [3, 2])
}

fn error(bytes: &[u8]) -> FormatError {
    let error = Index::parse(bytes).map(drop).unwrap_err();
    assert!(!error.to_string().is_empty(), "{error:?} has an empty message");
    error
}

/// The error of an index after a change.
fn changed(change: impl FnOnce(&mut RandomIndex)) -> FormatError {
    let mut index = index();
    change(&mut index);
    error(&index.to_bytes())
}

fn range(record: RecordId, field: &'static str, found: i64, limits: [i64; 2]) -> FormatError {
    let [min, max] = limits;
    FormatError::Range { record, field, found, min, max }
}

fn length(record: RecordId, tensor: &'static str, found: usize, expected: usize) -> FormatError {
    FormatError::TensorLen { record, tensor, found, expected }
}

#[test]
fn an_index_written_by_hand_is_read() {
    let mut by_hand = b"OCIX\x01\x00\x00\x00--------".to_vec();
    by_hand.extend([5, 2]); // network, entries
    by_hand.extend(b"\x08\x07\x00\x00\x00\x2c\x01\x00\x00"); // ids 7 and 300
    by_hand.extend(b"\x01\x04\x01\x00\x00\x00"); // labels 1 and 0
    by_hand.extend(b"\x07cat\ndog\x03a\nb");
    by_hand.extend([2, 4, 1, 2, 0xFF, 0x80]); // class: two values each, (1, 2) and (-1, -128)
    by_hand.extend(b"\x08\x05\x00\x00\x00\x01\x40\x00\x00"); // norms 5 and 16385
    by_hand.extend(b"\x10\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80");
    by_hand.extend([1, 2, 3, 0]); // appearance: one value each, 3 and 0
    by_hand.extend(b"\x08\x09\x00\x00\x00\x00\x00\x00\x00");
    by_hand.extend(b"\x10\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00");
    let by_hand = sealed(by_hand);
    let same = RandomIndex {
        network: 5,
        ids: vec![7, 300],
        labels: Some(vec![1, 0]),
        label_names: "cat\ndog".into(),
        names: "a\nb".into(),
        class: RandomParts { dim: 2, vectors: vec![1, 2, -1, -128], codes: vec![3, 1 << 63] },
        appearance: RandomParts { dim: 1, vectors: vec![3, 0], codes: vec![1, 2] },
    };
    assert_eq!(same.to_bytes(), by_hand, "the writer's bytes");
    let index = Index::parse(&by_hand).unwrap();
    let Entry { id, label, name, fingerprint } = index.entry(1).unwrap();
    assert_eq!((id, label, name), (300, Some(0), Some("b")), "the second entry");
    assert_eq!(fingerprint.class, Part { vector: &[-1, -128], code: 1 << 63 }, "class part");
    assert_eq!(fingerprint.appearance, Part { vector: &[0], code: 2 }, "appearance part");
    let class = Part { vector: &[1, 0], code: 1 };
    let appearance = Part { vector: &[2], code: 0 };
    let seen = Fingerprint { network: 5, class, appearance };
    let distances = |likeness| {
        let found = index.nearest::<2>(&seen, likeness).unwrap();
        found.iter().map(|found| (found.id, found.distance)).collect::<Vec<_>>()
    };
    assert_eq!(distances(Likeness::Class), [(7, 4), (300, 4 + 16384)], "class");
    assert_eq!(distances(Likeness::Appearance), [(7, 1), (300, 4)], "appearance");
    let mixed = [(7, 56 * 4 + 200), (300, 56 * 16388 + 200 * 4)];
    assert_eq!(distances(Likeness::Mixed { class: 56 }), mixed, "mixed");
}

#[test]
fn the_prelude_is_checked_field_by_field() {
    let intact = index().to_bytes();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = intact.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        error(&changed)
    };
    let found = *b"OCIY";
    assert_eq!(with(0, &found), FormatError::Magic { found, expected: INDEX_MAGIC }, "magic");
    let version = FormatError::Version { found: 2, newest: VERSION };
    assert_eq!(with(4, &[2, 0]), version, "version");
    assert_eq!(with(6, &[1, 0]), FormatError::Arithmetic { found: 1, expected: 0 }, "arithmetic");
    let found = intact.len() - PRELUDE_LEN;
    assert_eq!(with(8, &[1, 0, 0, 0]), FormatError::Length { found, expected: 1 }, "length");
    assert!(matches!(with(12, &[9; 4]), FormatError::Checksum { expected: 0x0909_0909, .. }));
    let mut longer = intact;
    longer.push(0);
    assert_eq!(error(&sealed(longer)), FormatError::Trailing { bytes: 1 }, "one byte too many");
}

#[test]
fn a_network_is_no_index_and_an_index_no_network() {
    let [(_, network), ..] = smallest::networks();
    let wrong = FormatError::Magic { found: MAGIC, expected: INDEX_MAGIC };
    assert_eq!(error(&network.to_bytes()), wrong, "a network");
    let wrong = FormatError::Magic { found: INDEX_MAGIC, expected: MAGIC };
    assert_eq!(Model::parse(&index().to_bytes()).unwrap_err(), wrong, "an index");
    assert!(wrong.to_string().contains("\"OCEL\""), "{wrong}");
}

#[test]
fn the_number_of_entries_has_a_range() {
    let none = changed(|index| {
        index.ids.clear();
        index.labels = None;
        index.names.clear();
        for parts in [&mut index.class, &mut index.appearance] {
            (parts.vectors, parts.codes) = (Vec::new(), Vec::new());
        }
    });
    let max = i64::try_from(MAX_ENTRIES).unwrap();
    assert_eq!(none, range(RecordId::Index, "entries", 0, [1, max]), "no entry");
    // After the prelude there are five bytes of the network's number, then one of the entries'.
    let mut bytes = index();
    bytes.network = u32::MAX;
    let mut bytes = bytes.to_bytes();
    let at = PRELUDE_LEN + 5;
    assert_eq!(usize::from(bytes[at]), ENTRIES, "the number of entries");
    bytes.splice(at..=at, [0x81, 0x80, 0x80, 0x08]); // 2^24 + 1
    assert_eq!(error(&sealed(bytes)), range(RecordId::Index, "entries", max + 1, [1, max]));
}

#[test]
fn ids_ascend() {
    let max = i64::from(u32::MAX);
    let refused =
        |min: u32, found: u32| range(RecordId::Index, "id", found.into(), [min.into(), max]);
    assert_eq!(changed(|index| index.ids = vec![3, 4, 4, 5]), refused(5, 4), "an id twice");
    assert_eq!(changed(|index| index.ids = vec![9, 2, 3, 4]), refused(10, 2), "out of order");
    let mut ends = index();
    ends.ids = vec![0, 1, u32::MAX - 1, u32::MAX];
    assert!(Index::parse(&ends.to_bytes()).is_ok(), "both ends");
}

#[test]
fn labels_and_names_belong_to_entries() {
    let record = RecordId::Index;
    let label = changed(|index| index.labels = Some(vec![0, 1, 2, 3]));
    assert_eq!(label, range(record, "label", 3, [0, 2]), "a label without a name");
    let mut unnamed = index();
    unnamed.labels = Some(vec![0, 1, 2, u16::MAX]);
    unnamed.label_names.clear();
    assert!(Index::parse(&unnamed.to_bytes()).is_ok(), "labels without names");
    let labels = changed(|index| index.labels = Some(vec![0; 5]));
    assert_eq!(labels, length(record, "labels", 10, 8), "five labels");
    for (names, found) in [("a\nb\nc", 3), ("a\nb\nc\nd\n", 5)] {
        let error = changed(|index| index.names = names.into());
        assert_eq!(error, range(record, "names", found, [4, 4]), "{names:?}");
    }
}

#[test]
fn parts_have_the_lengths_that_entries_and_values_ask_for() {
    let records = [RecordId::ClassPart, RecordId::AppearancePart];
    for (which, record) in records.into_iter().enumerate() {
        let changed = |change: &dyn Fn(&mut RandomParts)| {
            self::changed(|index| change([&mut index.class, &mut index.appearance][which]))
        };
        let values = [12, 8][which];
        for dim in [0, 129] {
            let error = changed(&|parts| parts.dim = dim);
            assert_eq!(error, range(record, "dim", dim.into(), [1, 128]), "dim {dim}");
        }
        let error = changed(&|parts| parts.vectors.push(0));
        assert_eq!(error, length(record, "vectors", values + 1, values), "vectors");
        let error = changed(&|parts| parts.codes.push(0));
        assert_eq!(error, length(record, "codes", 40, 32), "codes");
    }
}

#[test]
fn a_norm_is_that_of_its_vector() {
    let mut index = index();
    index.appearance.vectors = vec![1, 2, 0, 0, 0, 0, 3, -4];
    let mut bytes = index.to_bytes();
    let last = bytes.len() - 8 * ENTRIES - 1 - 4;
    assert_eq!(bytes[last..last + 4], [25, 0, 0, 0], "the norm of the last vector");
    bytes[last + 1] = 1;
    let record = RecordId::AppearancePart;
    assert_eq!(error(&sealed(bytes)), range(record, "norm", 256 + 25, [25, 25]), "another norm");
}
