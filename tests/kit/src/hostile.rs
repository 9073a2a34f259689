//! Runs blobs that may be damaged, and counts the results.

use crate::f16_network;
use crate::smallest;
use crate::synthetic::{self, Values};
use runtime::config::{Pool, VitConfig};
use runtime::error::FormatError;
use runtime::format::HEAD_ATTRIBUTES;
use runtime::{Arithmetic, Attributes, Kernels, Model, Output};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

/// A blob that takes longer counts as a hang. Every blob takes far less on any machine.
const HANG: Duration = Duration::from_secs(20);
/// Number of mutations where `OCELLI_MUTATIONS` is not set.
const DEFAULT_MUTATIONS: u64 = 40_000;
/// Bytes that arenas are filled with before a run. The two differ in every bit.
const DIRT: [u8; 2] = [0xA5, 0x5A];

/// A blob that is damaged in many ways, and how it is run.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name in messages.
    pub name: String,
    /// An intact blob.
    pub blob: Vec<u8>,
    /// Parses and, if that succeeds, runs.
    pub run: fn(&[u8]) -> Result<(), FormatError>,
}

/// Blobs of a few kilobytes, int8 and f16, that together contain every kind of record.
///
/// # Panics
/// If an intact one does not run.
pub fn subjects() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for (name, mut network) in smallest::networks() {
        let config = VitConfig::new(network.spec.clone()).expect("a valid description");
        if config.spec().pool == Pool::Mean {
            let head = synthetic::attributes(&config, 3, 5, Values::Typical);
            network.other_heads.push((HEAD_ATTRIBUTES, head.to_bytes()));
        }
        let blob = network.to_bytes();
        subjects.push(Subject { name: format!("int8, {name}"), blob, run: run_all });
        let blob = f16_network::blob(&config, 4);
        subjects.push(Subject { name: format!("f16, {name}"), blob, run: run_f16 });
    }
    for subject in &subjects {
        assert!(subject.blob.len() < 5_000, "{} takes too long", subject.name);
        assert_eq!((subject.run)(&subject.blob), Ok(()), "{}, intact", subject.name);
    }
    subjects
}

/// Runs an int8 blob under every kernel set, with its attributes.
///
/// # Errors
/// The error of the reader of the network or of its attributes, if one refuses the blob.
///
/// # Panics
/// If a run does not finish, or two do not give the same bits.
pub fn run_all(bytes: &[u8]) -> Result<(), FormatError> {
    let model = Model::parse(bytes)?;
    let mut first = None;
    for kernels in Kernels::all() {
        let answer = finish_int8(&model.clone().with_kernels(kernels))?;
        let first = first.get_or_insert_with(|| answer.clone());
        assert_eq!(&answer, first, "{kernels:?} differs from the scalar kernels");
    }
    Ok(())
}

/// Runs an int8 blob under the kernel set that a caller gets, with its attributes.
///
/// # Errors
/// As [`run_all`].
///
/// # Panics
/// If a run does not finish, or two do not give the same bits.
pub fn run_best(bytes: &[u8]) -> Result<(), FormatError> {
    finish_int8(&Model::parse(bytes)?)?;
    Ok(())
}

fn run_f16(bytes: &[u8]) -> Result<(), FormatError> {
    finish(&Model::parse_f16(bytes)?);
    Ok(())
}

/// Runs to the end in two arenas that differ in every bit, and returns the output as text.
///
/// # Panics
/// If a run fails, or the output depends on the contents of the arena.
pub fn finish<A: Arithmetic>(model: &Model<'_, A>) -> String {
    finish_with(model, |_| String::new())
}

/// [`finish`], with every value of the attributes.
fn finish_int8(model: &Model<'_>) -> Result<String, FormatError> {
    let attributes = Attributes::parse(model)?;
    let tokens = model.config().tokens();
    Ok(finish_with(model, |output| {
        attributes.map_or_else(String::new, |attributes| all_of(output, &attributes, tokens))
    }))
}

fn all_of(output: &Output<'_>, attributes: &Attributes<'_>, tokens: usize) -> String {
    let mut map = vec![0; tokens];
    let found: Vec<_> = output.attributes(attributes).expect("those of its model").collect();
    assert_eq!(found.len(), attributes.len(), "attributes");
    let mut text = format!("{found:?}");
    for index in 0..attributes.len() {
        output.attribute_evidence(attributes, index, &mut map).expect("an attribute");
        text += &format!("{map:?}");
    }
    text
}

fn finish_with<A: Arithmetic>(
    model: &Model<'_, A>,
    more: impl Fn(&Output<'_, A>) -> String,
) -> String {
    let image: Vec<u8> = (0..=250).cycle().take(model.config().image().len()).collect();
    let [first, second] = DIRT.map(|dirt| run(model, &image, dirt, &more));
    assert_eq!(first, second, "the output depends on the contents of the arena");
    first
}

/// Runs in an arena of exactly the size that the model needs, filled with `dirt`. Returns every value of the
/// output, and what `more` says of it, as text, because a NaN equals another NaN only as text.
fn run<A: Arithmetic>(
    model: &Model<'_, A>,
    image: &[u8],
    dirt: u8,
    more: impl Fn(&Output<'_, A>) -> String,
) -> String {
    let mut arena = vec![dirt; model.arena_len()];
    let output = model.run(image, &mut arena).expect("what parses must run");
    let classes = model.config().classes();
    let probabilities: Vec<u16> = output.probabilities().collect();
    assert_eq!(output.logits().len(), classes, "logits");
    assert_eq!(probabilities.len(), classes, "probabilities");
    assert_eq!(output.top_k::<5>().len(), classes.min(5), "ranks");
    assert!(output.class() < classes, "class {}", output.class());
    assert!(!output.embedding().is_empty(), "no embedding");
    let _ = model.class_name(output.class());
    let more = more(&output);
    format!("{:?} {:?} {probabilities:?} {more}", output.logits(), output.embedding())
}

/// The results of many blobs.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many ran.
    pub ran: u64,
    /// How many were refused, by the error's variant.
    pub refused: BTreeMap<String, u64>,
    slowest: Duration,
}

impl Tally {
    /// Tries one blob; `what` describes its damage.
    ///
    /// # Errors
    /// The error of the reader, if it refuses the blob.
    ///
    /// # Panics
    /// If it panics or takes too long.
    pub fn add(
        &mut self,
        subject: &Subject,
        bytes: &[u8],
        what: impl Fn() -> String,
    ) -> Result<(), FormatError> {
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| (subject.run)(bytes)))
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

    /// How many were refused.
    pub fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Prints the results.
    pub fn print(&self, name: &str) {
        println!(
            "{name}: {} blobs, {} ran, {} were refused {:?}, slowest {:?}",
            self.ran + self.refused(),
            self.ran,
            self.refused(),
            self.refused,
            self.slowest
        );
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
}

/// Name of the error's variant.
fn variant(error: &FormatError) -> String {
    let text = format!("{error:?}");
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// Calls `try_one` for every number below `count`, on all processors.
///
/// # Panics
/// If a call panics.
pub fn each(count: u64, try_one: impl Fn(u64, &mut Tally) + Sync) -> Tally {
    let threads = thread::available_parallelism().map_or(1, |n| n.get() as u64);
    thread::scope(|scope| {
        let start = |first: u64| {
            let try_one = &try_one;
            scope.spawn(move || {
                let mut tally = Tally::default();
                for number in (first..count).step_by(threads as usize) {
                    try_one(number, &mut tally);
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

/// The blob with one bit flipped.
pub fn flipped(blob: &[u8], bit: u64) -> Vec<u8> {
    let mut bytes = blob.to_vec();
    bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
    bytes
}

/// Flips each bit of a blob, without a new checksum.
///
/// # Panics
/// If one of these blobs is not refused.
pub fn refuses_flipped_bits(subject: &Subject) {
    let bits = 8 * subject.blob.len() as u64;
    let tally = each(bits, |bit, tally| {
        let bytes = flipped(&subject.blob, bit);
        let result = tally.add(subject, &bytes, || format!("bit {bit} flipped"));
        assert!(result.is_err(), "{}: the checksum missed bit {bit}", subject.name);
    });
    assert_eq!((tally.ran, tally.refused()), (0, bits), "{}", subject.name);
}

/// Number of mutations that a test tries: what `OCELLI_MUTATIONS` in the environment says, or 40,000.
///
/// # Panics
/// If the variable holds no number.
pub fn mutations() -> u64 {
    match std::env::var("OCELLI_MUTATIONS") {
        Ok(text) => text.parse().expect("OCELLI_MUTATIONS is a number of mutations"),
        Err(_) => DEFAULT_MUTATIONS,
    }
}
