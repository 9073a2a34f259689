//! Regions with damaged bytes. Opening such a region succeeds or returns an error. Every later call also succeeds
//! or returns an error. Checksums are repaired, so that the damaged fields are read.

use crate::script::{Change, Entries, KIND, REGION, SLOTS, Values, blank, with};
use kit::rng::Rng;
use kit::sealed::crc32;
use runtime::search::{EnrolError, Enrolled, Likeness, Slot};

#[test]
fn any_bytes_of_a_region_are_refused_or_work() {
    let rng = &mut Rng::new(6);
    let (mut flash, mut known) = (blank::<4, 1>(), Entries::new());
    for _ in 0..18 {
        let change = Change::random(rng, &known);
        known = change.apply(&known);
        flash = with(flash, |enrolled| change.run(enrolled).unwrap()).0;
    }
    let query = Values::random(rng, KIND.lengths);
    let (mut opened, mut refused, mut changed) = (0, 0, 0);
    for _ in 0..4000 {
        let mut flash = flash.clone();
        for _ in 0..rng.pick::<u32>(1, 4) {
            let half = 256 + 512 * rng.pick::<u32>(0, 1) as usize;
            // Of the header, or of a cell.
            let cell = rng.pick::<u32>(0, 12) as usize;
            let (start, len) = if cell == 12 { (half, 16) } else { (half + 20 + 40 * cell, 33) };
            let at = start + rng.pick::<u32>(0, len as u32 - 1) as usize;
            flash.bytes[at] = rng.pick(0, u8::MAX);
            let sum = crc32(&[&flash.bytes[start..start + len]]).to_le_bytes();
            flash.bytes[start + len..][..4].copy_from_slice(&sum);
        }
        let mut slots = [Slot::FREE; SLOTS];
        let mut enrolled = match Enrolled::open(flash, REGION, KIND, &mut slots) {
            Ok(enrolled) => enrolled,
            Err(
                EnrolError::Version { .. } | EnrolError::Kind { .. } | EnrolError::Slots { .. },
            ) => {
                refused += 1;
                continue;
            }
            Err(other) => panic!("{other:?}"),
        };
        opened += 1;
        let seen = query.fingerprint(KIND.network);
        let found = enrolled.nearest::<9>(None, &seen, Likeness::Mixed { class: 9 }).unwrap();
        assert!(found.len() <= SLOTS && found.is_sorted_by_key(|found| found.distance));
        for id in 0..SLOTS as u16 {
            changed += usize::from(enrolled.replace(id, 1, &seen).is_ok());
            let _ = enrolled.remove(id);
        }
        assert!(enrolled.is_empty(), "everything was removed");
    }
    assert!(opened > 1000 && refused > 300 && changed > 1000, "{opened} {refused} {changed}");
}
