//! How the reader treats blobs of later versions: it reports a version that it does not know, and
//! skips heads that it does not know.

use kit::image;
use kit::network::Network;
use kit::sealed::sealed;
use kit::smallest;
use runtime::Model;
use runtime::error::{FormatError, RecordId};
use runtime::format::{HEAD_CLASS, MAX_HEADS, PRELUDE_LEN, VERSION};
use runtime::kernels::scalar;

fn smallest() -> Network {
    let [(_, network), ..] = smallest::networks();
    network
}

fn logits(blob: &[u8]) -> Vec<i32> {
    let model = Model::parse(blob).unwrap().with_kernels(&scalar::KERNELS);
    let image = image::random(model.config().image(), 5);
    let mut arena = vec![0; model.arena_len()];
    model.run(&image, &mut arena).unwrap().logits().to_vec()
}

#[test]
fn an_unknown_version_is_reported_whatever_follows_it() {
    let intact = smallest().to_bytes();
    for version in [0, VERSION + 1, VERSION + 2, 0x0102, u16::MAX] {
        let mut blob = intact.clone();
        blob[4..6].copy_from_slice(&version.to_le_bytes());
        // A later version may have other records, another length field, another checksum.
        let mut strange = blob.clone();
        strange.truncate(40);
        strange[6..].fill(0xEE);
        let sealed = sealed(blob.clone());
        for bytes in [&blob[..], &sealed, &strange, &strange[..PRELUDE_LEN - 1], &strange[..6]] {
            let error = Model::parse(bytes).unwrap_err();
            let expected = FormatError::Version { found: version, newest: VERSION };
            assert_eq!(error, expected, "version {version}");
            let text = error.to_string();
            assert!(
                text.contains(&format!("version {version};")),
                "{text:?} does not name {version}"
            );
            assert!(
                text.contains(&format!("1 to {VERSION}")),
                "{text:?} does not name the versions that are read"
            );
        }
    }
}

#[test]
fn unknown_heads_are_skipped() {
    let plain = smallest();
    let expected = logits(&plain.to_bytes());
    let mut network = plain.clone();
    for kind in [1, 2, 77, 127, 128, 200, u8::MAX] {
        let body = (0..=kind).collect();
        network.other_heads.push((kind, body));
        assert_eq!(logits(&network.to_bytes()), expected, "up to kind {kind}");
    }
    assert_eq!(network.other_heads.len() + 1, MAX_HEADS, "as many heads as a blob may have");
    network.other_heads.push((3, Vec::new()));
    let found = i64::try_from(MAX_HEADS + 1).unwrap();
    let error = Model::parse(&network.to_bytes()).unwrap_err();
    let expected = FormatError::Range {
        record: RecordId::Heads,
        field: "count",
        found,
        min: 1,
        max: found - 1,
    };
    assert_eq!(error, expected, "one head too many");
}

#[test]
fn a_second_class_head_is_refused() {
    let plain = smallest();
    for place in 0..3 {
        let mut network = plain.clone();
        network.other_heads = vec![(1, vec![7]); 3];
        network.other_heads[place] = (HEAD_CLASS, plain.class_head.to_bytes());
        let error = Model::parse(&network.to_bytes()).unwrap_err();
        let expected = FormatError::Range {
            record: RecordId::Head(u8::try_from(place + 1).unwrap()),
            field: "kind",
            found: HEAD_CLASS.into(),
            min: 1,
            max: 255,
        };
        assert_eq!(error, expected, "class head in place {}", place + 1);
    }
}

#[test]
fn a_varint_may_be_longer_than_needed() {
    let plain = smallest().to_bytes();
    // The image's height follows the prelude: seven rows.
    assert_eq!(plain[PRELUDE_LEN], 7, "the first varint");
    let with = |varint: &[u8]| {
        let mut blob = plain.clone();
        blob.splice(PRELUDE_LEN..PRELUDE_LEN + 1, varint.iter().copied());
        sealed(blob)
    };
    for longer in [&[0x87, 0][..], &[0x87, 0x80, 0]] {
        assert_eq!(logits(&with(longer)), logits(&plain), "{longer:02x?}");
    }
    // A length may be longer as well. The bytes of the position's length occur only once.
    let position = smallest().position;
    let len = u8::try_from(position.len()).expect("a length of one byte");
    let at = plain.windows(position.len()).position(|bytes| bytes == position).unwrap() - 1;
    assert_eq!(plain[at], len, "the length of the position");
    let mut longer = plain.clone();
    longer.splice(at..=at, [len & 127 | 128, len >> 7 | 128, 128, 128, 0]);
    assert_eq!(logits(&sealed(longer)), logits(&plain), "a length of five bytes");
    // A u16 has at most three bytes, and no bit above its sixteenth.
    for wrong in [&[0x87, 0x80, 0x80, 0][..], &[0x87, 0x80, 4]] {
        let error = Model::parse(&with(wrong)).unwrap_err();
        assert_eq!(error, FormatError::Record { record: RecordId::Header }, "{wrong:02x?}");
    }
}

#[test]
fn a_head_with_an_empty_body_changes_only_the_number_of_heads() {
    let plain = smallest();
    let before = plain.to_bytes();
    let mut network = plain;
    network.other_heads.push((9, Vec::new()));
    let after = network.to_bytes();
    // Kind and length of the new head, and the list's count.
    assert_eq!(after.len(), before.len() + 2, "length");
    assert_eq!(after[after.len() - 2..], [9, 0], "the new head");
    let different: Vec<usize> = (16..before.len()).filter(|&i| before[i] != after[i]).collect();
    assert_eq!(different.len(), 1, "bytes that differ: {different:?}");
    assert_eq!((before[different[0]], after[different[0]]), (1, 2), "the number of heads");
}

#[test]
fn the_class_head_comes_first() {
    let mut network = smallest();
    network.other_heads.push((1, vec![1, 2, 3]));
    let mut blob = network.to_bytes();
    let class_head = blob.len() - 5 - network.class_head.to_bytes().len();
    // Its kind stands before the two bytes of its length.
    let kind = class_head - 3;
    assert_eq!(blob[kind], HEAD_CLASS, "position of the kind");
    blob[kind] = 1;
    let error = Model::parse(&sealed(blob)).unwrap_err();
    let expected = FormatError::Range {
        record: RecordId::Head(0),
        field: "kind",
        found: 1,
        min: HEAD_CLASS.into(),
        max: HEAD_CLASS.into(),
    };
    assert_eq!(error, expected, "another head before the class head");
}
