//! Damaged blobs are refused or run to the end, never more: every truncation, every single-bit
//! flip with the checksum broken and repaired, and random mutations with the checksum repaired, for
//! int8 under every kernel set and for f16.
//!
//! The number of mutations is taken from the environment; a million take some minutes:
//!
//! ```text
//! OCELLI_MUTATIONS=1000000 cargo test -p tests --test hostile_blob -- --nocapture
//! ```

use runtime::config::VitConfig;
use runtime::error::{FormatError, RecordId};
use runtime::format::PRELUDE_LEN;
use runtime::{Arithmetic, Kernels, Model};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};
use tests::mutation::Victim;
use tests::sealed::{seal_checksum, sealed};
use tests::{real_network, smallest};

/// Mutations without `OCELLI_MUTATIONS`.
const DEFAULT_MUTATIONS: u64 = 40_000;
/// Far more than any of these blobs may take, on any machine.
const HANG: Duration = Duration::from_secs(20);

/// A blob and the reader that it is for.
struct Subject {
    name: String,
    blob: Vec<u8>,
    /// Parses and, if that succeeds, runs on everything there is.
    run: fn(&[u8], &mut Scratch) -> Result<(), FormatError>,
}

/// Memory that runs share, never cleared.
#[derive(Default)]
struct Scratch {
    arena: Vec<u8>,
    image: Vec<u8>,
}

fn subjects() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for (name, network) in smallest::networks() {
        let config = VitConfig::new(network.spec.clone()).unwrap();
        subjects.push(Subject {
            name: format!("int8, {name}"),
            blob: network.to_bytes(),
            run: run_int8,
        });
        subjects.push(Subject {
            name: format!("real, {name}"),
            blob: real_network::blob(&config, 4),
            run: run_real,
        });
    }
    for subject in &subjects {
        assert!(subject.blob.len() < 5_000, "{} takes too long", subject.name);
        assert_eq!((subject.run)(&subject.blob, &mut Scratch::default()), Ok(()), "intact");
    }
    subjects
}

fn run_int8(bytes: &[u8], scratch: &mut Scratch) -> Result<(), FormatError> {
    let model = Model::parse(bytes)?;
    let mut first = None;
    for kernels in Kernels::all() {
        let logits = finish(&model.clone().with_kernels(kernels), scratch);
        let first = first.get_or_insert_with(|| logits.clone());
        assert_eq!(&logits, first, "{kernels:?} differs from the scalar kernels");
    }
    Ok(())
}

fn run_real(bytes: &[u8], scratch: &mut Scratch) -> Result<(), FormatError> {
    finish(&Model::parse_real(bytes)?, scratch);
    Ok(())
}

/// Runs to the end, asks for everything that an output has, and returns the logits.
fn finish<A: Arithmetic>(model: &Model<'_, A>, scratch: &mut Scratch) -> Vec<A::Acc> {
    let Scratch { arena, image } = scratch;
    let (image_len, arena_len) = (model.config().image().len(), model.arena_len());
    while image.len() < image_len {
        image.push((image.len() % 251) as u8);
    }
    arena.resize(arena.len().max(arena_len), 0);
    let output = model.run(&image[..image_len], &mut arena[..arena_len]).unwrap();
    let classes = model.config().classes();
    assert_eq!(output.logits().len(), classes, "logits");
    assert_eq!(output.probabilities().count(), classes, "probabilities");
    assert_eq!(output.top_k::<5>().len(), classes.min(5), "ranks");
    assert!(output.class() < classes, "class {}", output.class());
    assert!(!output.embedding().is_empty(), "no embedding");
    let _ = model.class_name(output.class());
    output.logits().to_vec()
}

/// What became of many blobs.
#[derive(Default)]
struct Tally {
    ran: u64,
    /// By variant.
    refused: BTreeMap<String, u64>,
    slowest: Duration,
}

impl Tally {
    /// Tries one blob; `what` says how it came about.
    fn add(
        &mut self,
        subject: &Subject,
        bytes: &[u8],
        scratch: &mut Scratch,
        what: impl Fn() -> String,
    ) -> Result<(), FormatError> {
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| (subject.run)(bytes, scratch)))
            .unwrap_or_else(|_| panic!("{}: {}: panicked", subject.name, what()));
        let took = start.elapsed();
        assert!(took < HANG, "{}: {}: took {took:?}", subject.name, what());
        self.slowest = self.slowest.max(took);
        match &result {
            Ok(()) => self.ran += 1,
            Err(error) => *self.refused.entry(variant(error)).or_default() += 1,
        }
        result
    }

    fn merge(mut self, other: Self) -> Self {
        for (variant, count) in other.refused {
            *self.refused.entry(variant).or_default() += count;
        }
        Self {
            ran: self.ran + other.ran,
            slowest: self.slowest.max(other.slowest),
            refused: self.refused,
        }
    }

    fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    fn print(&self, name: &str) {
        println!(
            "{name}: {} blobs, {} ran, {} were refused {:?}, slowest {:?}",
            self.ran + self.refused(),
            self.ran,
            self.refused(),
            self.refused,
            self.slowest
        );
    }
}

/// Name of the error's variant.
fn variant(error: &FormatError) -> String {
    let text = format!("{error:?}");
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// Calls `try_one` for every number below `count`, on all processors.
fn each(count: u64, try_one: impl Fn(u64, &mut Tally, &mut Scratch) + Sync) -> Tally {
    let threads = thread::available_parallelism().map_or(1, |n| n.get() as u64);
    thread::scope(|scope| {
        let start = |first: u64| {
            let try_one = &try_one;
            scope.spawn(move || {
                let (mut tally, mut scratch) = (Tally::default(), Scratch::default());
                for number in (first..count).step_by(threads as usize) {
                    try_one(number, &mut tally, &mut scratch);
                }
                tally
            })
        };
        let handles: Vec<_> = (0..threads).map(start).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().expect("the panic above"))
            .fold(Tally::default(), Tally::merge)
    })
}

#[test]
fn every_truncation_is_refused() {
    for subject in subjects() {
        let blob = &subject.blob;
        let (mut tally, mut scratch) = (Tally::default(), Scratch::default());
        let mut cut_records: Vec<RecordId> = Vec::new();
        for len in 0..blob.len() {
            let what = || format!("{len} of {} bytes", blob.len());
            let error = tally.add(&subject, &blob[..len], &mut scratch, what).unwrap_err();
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
            match tally.add(&subject, &bytes, &mut scratch, what) {
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
    let config = match Model::parse(blob) {
        Ok(model) => model.config().clone(),
        Err(_) => Model::parse_real(blob).unwrap().config().clone(),
    };
    // Seven convolutions in the stem, of which the last makes tokens.
    let convs = if subject.name.ends_with("stem") { 7 } else { 0 };
    let mut records = vec![RecordId::Header];
    records.extend((0..convs).map(RecordId::Conv));
    records.extend([RecordId::Embed, RecordId::Position]);
    records.extend((0..config.spec().depth).map(RecordId::Block));
    records.extend([RecordId::End, RecordId::Heads, RecordId::Head(0)]);
    records
}

#[test]
fn bytes_after_the_last_record_are_refused() {
    for subject in subjects() {
        for extra in 1..40 {
            let mut bytes = subject.blob.clone();
            bytes.resize(bytes.len() + extra, 0);
            let error = (subject.run)(&sealed(bytes), &mut Scratch::default()).unwrap_err();
            assert_eq!(error, FormatError::Trailing { bytes: extra }, "{}", subject.name);
        }
    }
}

#[test]
fn every_flipped_bit_is_noticed_by_the_checksum() {
    for subject in subjects() {
        let bits = 8 * subject.blob.len() as u64;
        let tally = each(bits, |bit, tally, scratch| {
            let mut bytes = subject.blob.clone();
            bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
            let result = tally.add(&subject, &bytes, scratch, || format!("bit {bit} flipped"));
            assert!(result.is_err(), "{}: bit {bit} went unnoticed", subject.name);
        });
        assert_eq!((tally.ran, tally.refused()), (0, bits), "{}", subject.name);
    }
}

#[test]
fn every_flipped_bit_under_a_repaired_checksum_is_refused_or_runs() {
    for subject in subjects() {
        let bits = 8 * subject.blob.len() as u64;
        let tally = each(bits, |bit, tally, scratch| {
            let at = (bit / 8) as usize;
            if (12..PRELUDE_LEN).contains(&at) {
                return; // the checksum itself
            }
            let mut bytes = subject.blob.clone();
            bytes[at] ^= 1 << (bit % 8);
            seal_checksum(&mut bytes);
            let what = || format!("bit {bit} flipped, checksum repaired");
            let result = tally.add(&subject, &bytes, scratch, what);
            assert!(at >= PRELUDE_LEN || result.is_err(), "{}: bit {bit}", subject.name);
        });
        tally.print(&subject.name);
        assert_eq!(tally.ran + tally.refused(), bits - 32, "{}: blobs", subject.name);
        assert!(tally.ran > bits / 4, "{}: {} ran", subject.name, tally.ran);
        assert!(tally.refused.len() >= 7, "{}: {:?}", subject.name, tally.refused);
    }
}

fn mutations() -> u64 {
    match std::env::var("OCELLI_MUTATIONS") {
        Ok(text) => text.parse().expect("OCELLI_MUTATIONS is a number of mutations"),
        Err(_) => DEFAULT_MUTATIONS,
    }
}

/// Positions after the prelude where some changed bit is refused: structure, not weights.
fn hot(subject: &Subject) -> Vec<usize> {
    let mut scratch = Scratch::default();
    let mut refused = |at: usize| {
        [0x01, 0x40, 0x80].into_iter().any(|flip| {
            let mut bytes = subject.blob.clone();
            bytes[at] ^= flip;
            seal_checksum(&mut bytes);
            (subject.run)(&bytes, &mut scratch).is_err()
        })
    };
    (PRELUDE_LEN..subject.blob.len()).filter(|&at| refused(at)).collect()
}

#[test]
fn random_mutations_are_refused_or_run() {
    let subjects = subjects();
    let victims: Vec<Victim> =
        subjects.iter().map(|subject| Victim::new(subject.blob.clone(), hot(subject))).collect();
    let tally = each(mutations(), |seed, tally, scratch| {
        // Each blob in turn, spliced with the next one but one, which has the same arithmetic.
        let which = (seed % subjects.len() as u64) as usize;
        let other = &subjects[(which + 2) % subjects.len()].blob;
        let bytes = victims[which].mutated(other, seed);
        let what = || format!("mutation {seed}");
        let _ = tally.add(&subjects[which], &bytes, scratch, what);
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
