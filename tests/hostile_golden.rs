//! Damaged golden blobs: truncated or with one flipped bit, each with a broken and with a repaired checksum.
//!
//! The runtime must refuse such a blob, or run it to the end with the same result in two arenas that differ
//! in every bit. By default, some thousands of these blobs are tried. This command tries all 2.4 million:
//!
//! ```text
//! cargo test -p tests --test hostile_golden -- --ignored --nocapture
//! ```

use kit::hostile::{Subject, Tally, each, flipped, run_best};
use kit::sealed::{seal_checksum, seal_len, sealed};
use runtime::error::FormatError;
use runtime::format::PRELUDE_LEN;

/// By default, one of this many blobs is tried. The number is odd, so that every bit of a byte is flipped.
const SAMPLE: u64 = 101;

fn subjects() -> [Subject; 3] {
    let golden: [(&str, &[u8]); 3] = [
        ("tiny", include_bytes!("golden/v1/tiny.bin")),
        ("tiny_attributes", include_bytes!("golden/v1/tiny_attributes.bin")),
        ("tiny_seed", include_bytes!("golden/v1/tiny_seed.bin")),
    ];
    golden.map(|(name, blob)| Subject { name: name.into(), blob: blob.into(), run: run_best })
}

/// Tries every `step`th length: without repairs, with a repaired length in the prelude, and with a repaired
/// length and checksum.
fn truncations(step: u64) {
    for subject in subjects() {
        let cuts = (subject.blob.len() as u64).div_ceil(step);
        let tally = each(cuts, |cut, tally| truncation(&subject, (cut * step) as usize, tally));
        tally.print(&format!("{}, cut off", subject.name));
        let records = tally.refused["Record"];
        assert_eq!((tally.ran, tally.refused["Checksum"]), (0, records), "{}", subject.name);
        assert!(records >= cuts - PRELUDE_LEN as u64, "{}: {records} of {cuts}", subject.name);
    }
}

fn truncation(subject: &Subject, len: usize, tally: &mut Tally) {
    let what = || format!("{len} bytes");
    let mut bytes = subject.blob[..len].to_vec();
    let found = tally.add(subject, &bytes, what).unwrap_err();
    if len < PRELUDE_LEN {
        assert_eq!(found, FormatError::Truncated { found: len, expected: PRELUDE_LEN }, "{len}");
        return;
    }
    assert!(matches!(found, FormatError::Length { .. }), "{}: {len}: {found}", subject.name);
    seal_len(&mut bytes);
    let found = tally.add(subject, &bytes, what).unwrap_err();
    assert!(matches!(found, FormatError::Checksum { .. }), "{}: {len}: {found}", subject.name);
    let found = tally.add(subject, &sealed(bytes), what).unwrap_err();
    assert!(matches!(found, FormatError::Record { .. }), "{}: {len}: {found}", subject.name);
}

/// Flips every `step`th bit, with a broken and with a repaired checksum.
fn flips(step: u64) {
    for subject in subjects() {
        let bits = 8 * subject.blob.len() as u64;
        let tally = each(bits.div_ceil(step), |flip, tally| bit(&subject, flip * step, tally));
        tally.print(&format!("{}, a bit flipped", subject.name));
        assert!(tally.ran > tally.refused() / 2, "{}: too few ran", subject.name);
        assert!(tally.refused.len() >= 2, "{}: {:?}", subject.name, tally.refused);
    }
}

fn bit(subject: &Subject, bit: u64, tally: &mut Tally) {
    let in_prelude = bit < 8 * PRELUDE_LEN as u64;
    let mut bytes = flipped(&subject.blob, bit);
    let found = tally.add(subject, &bytes, || format!("bit {bit}")).unwrap_err();
    let noticed = matches!(found, FormatError::Checksum { .. });
    assert!(noticed || in_prelude, "{}: bit {bit}: {found}", subject.name);
    seal_checksum(&mut bytes);
    if bytes != subject.blob {
        let result = tally.add(subject, &bytes, || format!("bit {bit}, checksum repaired"));
        assert!(result.is_err() || !in_prelude, "{}: bit {bit} of the prelude", subject.name);
    }
}

#[test]
fn some_truncations_are_refused() {
    truncations(SAMPLE);
}

#[test]
fn blobs_with_some_flipped_bits_are_refused_or_run() {
    flips(SAMPLE);
}

#[test]
#[ignore = "380,000 blobs"]
fn every_truncation_is_refused() {
    truncations(1);
}

#[test]
#[ignore = "two million blobs"]
fn blobs_with_any_flipped_bit_are_refused_or_run() {
    flips(1);
}
