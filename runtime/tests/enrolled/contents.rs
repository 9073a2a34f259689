//! Adding, replacing, removing, and what is refused.

use crate::script::{Change, Entries, KIND, REGION, SLOTS, Values, blank, entries, with};
use kit::rng::Rng;
use runtime::search::{EnrolError, Enrolled, Kind, SearchError, Slot};

#[test]
fn a_thousand_changes_are_kept_over_every_opening() {
    let rng = &mut Rng::new(1);
    let (mut flash, mut known) = (blank::<8, 4>(), Entries::new());
    for step in 0..1000 {
        let change = Change::random(rng, &known);
        known = change.apply(&known);
        let (next, found) = with(flash, |enrolled| {
            change.run(enrolled).unwrap();
            entries(enrolled)
        });
        assert_eq!(found, known, "{step}");
        flash = next;
    }
    assert!(flash.erased > 50, "{} pages were erased", flash.erased);
    assert!(flash.bytes[..256].iter().all(|&byte| byte == 0xFF), "before the region");
    assert!(flash.bytes[1280..].iter().all(|&byte| byte == 0xFF), "after the region");
}

#[test]
fn a_full_region_takes_replacements_but_no_addition() {
    let rng = &mut Rng::new(2);
    let max = Enrolled::<crate::script::Nor<4, 4>>::max_entries(&REGION, &KIND).unwrap();
    // A header of 20 bytes and cells of 28 + 3 + 6 bytes, in words, in 512 bytes.
    assert_eq!(max, (512 - 20) / 40 - 1, "entries");
    let mut slots = vec![Slot::FREE; max];
    let mut enrolled = Enrolled::open(blank::<4, 4>(), REGION, KIND, &mut slots).unwrap();
    let values: Vec<Values> = (0..3 * max).map(|_| Values::random(rng, KIND.lengths)).collect();
    for (id, values) in values.iter().take(max).enumerate() {
        let added = enrolled.add(7, &values.fingerprint(KIND.network));
        assert_eq!(added.map(usize::from), Ok(id), "the smallest free number");
    }
    let added = enrolled.add(7, &values[0].fingerprint(KIND.network));
    assert_eq!(added, Err(EnrolError::Full), "one more");
    for (count, values) in values.iter().enumerate() {
        let id = (count % max) as u16;
        enrolled.replace(id, 8, &values.fingerprint(KIND.network)).unwrap();
    }
    for id in 0..max as u16 {
        let entry = enrolled.entry(id).unwrap().unwrap();
        let expected = values[2 * max + usize::from(id)].fingerprint(KIND.network);
        assert_eq!((entry.fingerprint, entry.label), (expected, Some(8)), "{id}");
    }
    enrolled.remove(3).unwrap();
    assert_eq!(enrolled.remove(3), Err(EnrolError::Absent { id: 3 }), "twice");
    assert_eq!(enrolled.add(9, &values[0].fingerprint(KIND.network)), Ok(3), "the gap");
}

#[test]
fn another_kind_and_other_slots_are_refused_and_create_begins_again() {
    let rng = &mut Rng::new(3);
    let values = Values::random(rng, KIND.lengths);
    let flash = with(blank::<4, 1>(), |enrolled| {
        let other = enrolled.add(1, &values.fingerprint(1));
        let network = SearchError::Network { found: 1, expected: KIND.network };
        assert_eq!(other, Err(EnrolError::Search(network)), "another network");
        for label in 0..SLOTS as u16 {
            enrolled.add(label, &values.fingerprint(KIND.network)).unwrap();
        }
    })
    .0;
    let kind = Kind { network: 5, ..KIND };
    let mut slots = [Slot::FREE; SLOTS];
    let error = Enrolled::open(flash.clone(), REGION, kind, &mut slots).err();
    assert_eq!(error, Some(EnrolError::Kind { found: KIND, expected: kind }), "another network");
    let error = Enrolled::open(flash.clone(), REGION, KIND, &mut slots[1..]).err();
    let few = EnrolError::Slots { found: SLOTS - 1, min: SLOTS, max: 11 };
    assert_eq!(error, Some(few), "one slot less");
    let mut many = [Slot::FREE; 12];
    let error = Enrolled::open(flash.clone(), REGION, KIND, &mut many).err();
    assert_eq!(error, Some(EnrolError::Slots { found: 12, min: 0, max: 11 }), "too many");
    for (region, what) in [(0..768, "three pages"), (8..520, "an address"), (0..4096, "an end")] {
        let error = Enrolled::open(flash.clone(), region, KIND, &mut slots).err();
        assert_eq!(error, Some(EnrolError::Region), "{what}");
    }
    let created = Enrolled::create(flash, REGION, kind, &mut slots).unwrap();
    assert!(created.is_empty(), "nothing is known");
    let flash = created.release();
    let opened = Enrolled::open(flash, REGION, kind, &mut slots).unwrap();
    assert!(opened.is_empty(), "nothing is known");
}
