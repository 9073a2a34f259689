//! Damaged indexes are refused or searched to the end. Nothing panics and nothing hangs. The tests try every
//! truncation, every single-bit flip with a broken and with a repaired checksum, and random mutations with a
//! repaired checksum, under every kernel set.
//!
//! The environment sets the number of mutations:
//!
//! ```text
//! OCELLI_MUTATIONS=1000000 cargo test -p tests --test hostile_index -- --nocapture
//! ```

use kit::hostile::{Subject, Tally, each, flipped, mutations, refuses_flipped_bits};
use kit::index::{RandomIndex, search_all};
use kit::mutation::Victim;
use kit::sealed::{seal_checksum, sealed};
use runtime::error::{FormatError, RecordId};
use runtime::format::PRELUDE_LEN;

/// Indexes of less than a kilobyte: with and without labels and names, of one entry and of two blocks.
fn subjects() -> Vec<Subject> {
    let indexes = [(1, 1, [1, 2]), (2, 5, [3, 1]), (3, 19, [4, 6])];
    let subject = |(seed, entries, dims)| Subject {
        name: format!("{entries} entries"),
        blob: RandomIndex::new(seed, entries, dims).to_bytes(),
        run: search_all,
    };
    let subjects: Vec<Subject> = indexes.into_iter().map(subject).collect();
    for subject in &subjects {
        assert!(subject.blob.len() < 1_500, "{} takes too long", subject.name);
        assert_eq!(search_all(&subject.blob), Ok(()), "{}, intact", subject.name);
    }
    subjects
}

#[test]
fn every_truncation_is_refused() {
    for subject in subjects() {
        let blob = &subject.blob;
        let mut tally = Tally::default();
        let mut cut: Vec<RecordId> = Vec::new();
        for len in 0..blob.len() {
            let what = || format!("{len} of {} bytes", blob.len());
            assert!(tally.add(&subject, &blob[..len], what).is_err(), "{}", what());
            if len < PRELUDE_LEN {
                continue;
            }
            match tally.add(&subject, &sealed(blob[..len].to_vec()), what) {
                Err(FormatError::Record { record }) if cut.last() == Some(&record) => {}
                Err(FormatError::Record { record }) => cut.push(record),
                other => panic!("{}: {}: {other:?}", subject.name, what()),
            }
        }
        let order = [RecordId::Index, RecordId::ClassPart, RecordId::AppearancePart];
        assert_eq!(cut, order, "{}: order of records", subject.name);
    }
}

#[test]
fn the_checksum_finds_every_flipped_bit() {
    subjects().iter().for_each(refuses_flipped_bits);
}

#[test]
fn an_index_with_a_flipped_bit_and_a_repaired_checksum_is_refused_or_searched() {
    for subject in subjects() {
        let bits = PRELUDE_LEN as u64 * 8..8 * subject.blob.len() as u64;
        let count = bits.end - bits.start;
        let tally = each(count, |bit, tally| {
            let bit = bits.start + bit;
            let mut bytes = flipped(&subject.blob, bit);
            seal_checksum(&mut bytes);
            let _ = tally.add(&subject, &bytes, || format!("bit {bit}, checksum repaired"));
        });
        tally.print(&subject.name);
        assert_eq!(tally.ran + tally.refused(), count, "{}: indexes", subject.name);
        // Codes and ids may have other bits; vectors and norms belong together.
        assert!(tally.ran > count / 10, "{}: {} ran", subject.name, tally.ran);
        assert!(tally.refused() > count / 10, "{}: {} refused", subject.name, tally.refused());
    }
}

#[test]
fn random_mutations_are_refused_or_searched() {
    let subjects = subjects();
    let victim = |subject: &Subject| Victim::new(subject.blob.clone(), Vec::new());
    let victims: Vec<Victim> = subjects.iter().map(victim).collect();
    let tally = each(mutations(), |seed, tally| {
        let which = (seed % subjects.len() as u64) as usize;
        let other = &subjects[(which + 1) % subjects.len()].blob;
        let bytes = victims[which].mutated(other, seed);
        let _ = tally.add(&subjects[which], &bytes, || format!("mutation {seed}"));
    });
    tally.print("mutations");
    let total = tally.ran + tally.refused();
    assert_eq!(total, mutations(), "mutations");
    if total >= 1000 {
        assert!(tally.ran > total / 20, "too few mutations get past the reader");
        assert!(tally.refused.len() >= 4, "too few kinds of damage: {:?}", tally.refused);
    }
}
