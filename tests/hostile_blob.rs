//! Damaged blobs are refused or run to the end. Nothing panics and nothing hangs. The tests try every
//! truncation, every single-bit flip with a broken and with a repaired checksum, and random mutations with
//! a repaired checksum, for int8 under every kernel set and for f16.
//!
//! An environment variable sets the number of mutations:
//!
//! ```text
//! OCELLI_MUTATIONS=1000000 cargo test -p tests --test hostile_blob -- --nocapture
//! ```

use kit::hostile::{
    Subject, Tally, each, finish, flipped, mutations, refuses_flipped_bits, subjects,
};
use kit::mutation::Victim;
use kit::planted::LEAVES_DIRT;
use kit::sealed::{seal_checksum, sealed};
use runtime::error::{FormatError, RecordId};
use runtime::format::PRELUDE_LEN;
use runtime::{Attributes, Model};

#[test]
fn every_truncation_is_refused() {
    for subject in subjects() {
        let blob = &subject.blob;
        let mut tally = Tally::default();
        let mut cut_records: Vec<RecordId> = Vec::new();
        for len in 0..blob.len() {
            let what = || format!("{len} of {} bytes", blob.len());
            let error = tally.add(&subject, &blob[..len], what).unwrap_err();
            let expected = if len < PRELUDE_LEN {
                FormatError::Truncated { found: len, expected: PRELUDE_LEN }
            } else {
                let expected = blob.len() - PRELUDE_LEN;
                FormatError::Length { found: len - PRELUDE_LEN, expected }
            };
            assert_eq!(error, expected, "{}: {}", subject.name, what());
            if len < PRELUDE_LEN {
                continue;
            }
            let what = || format!("{len} of {} bytes, sealed", blob.len());
            let bytes = sealed(blob[..len].to_vec());
            match tally.add(&subject, &bytes, what) {
                Err(FormatError::Record { record }) if cut_records.last() == Some(&record) => {}
                Err(FormatError::Record { record }) => cut_records.push(record),
                other => panic!("{}: {}: {other:?}", subject.name, what()),
            }
        }
        assert_eq!(cut_records, records(blob, &subject), "{}: order of records", subject.name);
    }
}

/// The records of a blob in order.
fn records(blob: &[u8], subject: &Subject) -> Vec<RecordId> {
    let (config, attributes) = match Model::parse(blob) {
        Ok(model) => (model.config().clone(), Attributes::parse(&model).unwrap().is_some()),
        Err(_) => (Model::parse_f16(blob).unwrap().config().clone(), false),
    };
    // The stem has seven convolutions before the one that makes tokens, which is the record `Embed`.
    let convs = if subject.name.ends_with("stem") { 7 } else { 0 };
    let mut records = vec![RecordId::Header];
    records.extend((0..convs).map(RecordId::Conv));
    records.extend([RecordId::Embed, RecordId::Position]);
    records.extend((0..config.spec().depth).map(RecordId::Block));
    records.extend([RecordId::End, RecordId::Heads, RecordId::Head(0)]);
    records.extend(attributes.then_some(RecordId::Head(1)));
    records
}

#[test]
fn bytes_after_the_last_record_are_refused() {
    for subject in subjects() {
        for extra in 1..40 {
            let mut bytes = subject.blob.clone();
            bytes.resize(bytes.len() + extra, 0);
            let error = (subject.run)(&sealed(bytes)).unwrap_err();
            assert_eq!(error, FormatError::Trailing { bytes: extra }, "{}", subject.name);
        }
    }
}

#[test]
fn the_checksum_finds_every_flipped_bit() {
    subjects().iter().for_each(refuses_flipped_bits);
}

#[test]
fn a_blob_with_a_flipped_bit_and_a_repaired_checksum_is_refused_or_runs() {
    for subject in subjects() {
        let bits = 8 * subject.blob.len() as u64;
        let tally = each(bits, |bit, tally| {
            let at = (bit / 8) as usize;
            if (12..PRELUDE_LEN).contains(&at) {
                return; // the checksum itself
            }
            let mut bytes = flipped(&subject.blob, bit);
            seal_checksum(&mut bytes);
            let what = || format!("bit {bit} flipped, checksum repaired");
            let result = tally.add(&subject, &bytes, what);
            assert!(at >= PRELUDE_LEN || result.is_err(), "{}: bit {bit}", subject.name);
        });
        tally.print(&subject.name);
        assert_eq!(tally.ran + tally.refused(), bits - 32, "{}: blobs", subject.name);
        assert!(tally.ran > bits / 4, "{}: {} ran", subject.name, tally.ran);
        assert!(tally.refused.len() >= 7, "{}: {:?}", subject.name, tally.refused);
    }
}

/// Positions after the prelude where a flipped bit can make the blob invalid: structure, not weights.
fn hot(subject: &Subject) -> Vec<usize> {
    let refused = |at: usize| {
        [0x01, 0x40, 0x80].into_iter().any(|flip| {
            let mut bytes = subject.blob.clone();
            bytes[at] ^= flip;
            seal_checksum(&mut bytes);
            (subject.run)(&bytes).is_err()
        })
    };
    (PRELUDE_LEN..subject.blob.len()).filter(|&at| refused(at)).collect()
}

#[test]
fn random_mutations_are_refused_or_run() {
    let subjects = subjects();
    let victims: Vec<Victim> =
        subjects.iter().map(|subject| Victim::new(subject.blob.clone(), hot(subject))).collect();
    let tally = each(mutations(), |seed, tally| {
        // Each blob in turn. Parts of the next blob of the same arithmetic are spliced in.
        let which = (seed % subjects.len() as u64) as usize;
        let other = &subjects[(which + 2) % subjects.len()].blob;
        let bytes = victims[which].mutated(other, seed);
        let what = || format!("mutation {seed}");
        let _ = tally.add(&subjects[which], &bytes, what);
    });
    tally.print("mutations");
    let total = tally.ran + tally.refused();
    assert_eq!(total, mutations(), "mutations");
    if total >= 1000 {
        assert!(tally.ran > total / 10, "too few mutations get past the reader");
        assert!(tally.refused() > total / 10, "too few mutations reach the structure");
        assert!(tally.refused.len() >= 7, "too few kinds of damage: {:?}", tally.refused);
    }
}

#[test]
#[should_panic(expected = "the output depends on the contents of the arena")]
fn a_kernel_that_does_not_write_its_output_is_found() {
    let [subject, ..] = &subjects()[..] else { panic!("no subject") };
    finish(&Model::parse(&subject.blob).unwrap().with_kernels(&LEAVES_DIRT));
}
