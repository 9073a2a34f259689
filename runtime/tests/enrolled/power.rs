//! The power is cut at every word that an add, a replacement, a removal and a copy to the other half write or
//! erase. The region then holds the entries from before or from after the change, and every later change works.

use crate::script::{Change, Entries, Error, KIND, Nor, REGION, SLOTS, blank, entries, with};
use kit::flash::{Cut, Damage, Refusal};
use kit::rng::Rng;
use runtime::search::{EnrolError, Enrolled, Slot};

const DAMAGES: [Damage; 5] =
    [Damage::Before, Damage::After, Damage::Any(1), Damage::Any(2), Damage::Any(77)];

/// Counts of what was tried.
#[derive(Debug, Default)]
struct Tally {
    cuts: usize,
    /// Number of cuts in changes that erase pages.
    renewed: usize,
    old: usize,
    new: usize,
    kinds: [usize; 3],
}

const NO_POWER: Result<(), Error> = Err(EnrolError::Flash(Refusal::NoPower));

/// Cuts the power at `cut`, opens the region again, and returns the flash with what is in it.
fn after_cut<const WRITE: usize, const READ: usize>(
    flash: &Nor<WRITE, READ>,
    change: &Change,
    cut: Cut,
) -> (Nor<WRITE, READ>, Entries) {
    let (flash, result) = with(flash.clone().with_cut(cut), |enrolled| {
        let result = change.run(enrolled);
        assert_eq!(enrolled.entry(0).err(), Some(EnrolError::Flash(Refusal::NoPower)), "{cut:?}");
        result
    });
    assert_eq!(result, NO_POWER, "{cut:?}");
    with(flash.with_power(), entries)
}

fn cut_everywhere<const WRITE: usize, const READ: usize>(changes: usize) {
    let rng = &mut Rng::new(29);
    let mut tally = Tally::default();
    let (mut flash, mut before) = (blank::<WRITE, READ>(), Entries::new());
    // Entry 0 stays, so that there is always an entry to read.
    let first = Change::random(rng, &before);
    flash = with(flash, |enrolled| first.run(enrolled).unwrap()).0;
    before = first.apply(&before);
    for step in 0..changes {
        let change = loop {
            let change = Change::random(rng, &before);
            if !matches!(change, Change::Remove(0)) {
                break change;
            }
        };
        let after = change.apply(&before);
        tally.kinds[match change {
            Change::Add(..) => 0,
            Change::Replace(..) => 1,
            Change::Remove(_) => 2,
        }] += 1;
        let clean = flash.clone().with_power();
        let erased = clean.erased;
        let (done, result) = with(clean, |enrolled| change.run(enrolled));
        result.unwrap_or_else(|error| panic!("{step}: {error}"));
        for word in 0..done.words {
            for damage in DAMAGES {
                let cut = Cut { word, damage };
                let (mut rest, found) = after_cut(&flash, &change, cut);
                assert!(found == before || found == after, "{step}, {cut:?}: {change:?}");
                tally.cuts += 1;
                tally.renewed += usize::from(done.erased > erased);
                *(if found == after { &mut tally.new } else { &mut tally.old }) += 1;
                // The next change, cut as well, and then one that is not.
                let mut known = found;
                let next = Change::random(rng, &known);
                let second = Cut { word: rng.pick::<u32>(0, 200) as usize, damage };
                let (cut_again, result) =
                    with(rest.with_cut(second), |enrolled| next.run(enrolled));
                let (opened, found) = with(cut_again.with_power(), entries);
                let expected = next.apply(&known);
                match result {
                    Ok(()) => assert_eq!(found, expected, "{step}, {cut:?}: not cut again"),
                    _ => {
                        assert!(found == known || found == expected, "{step}, {cut:?}, {second:?}")
                    }
                }
                (rest, known) = (opened, found);
                for _ in 0..2 {
                    let last = Change::random(rng, &known);
                    let (changed, result) = with(rest, |enrolled| last.run(enrolled));
                    result.unwrap_or_else(|error| panic!("{step}, {cut:?}, {second:?}: {error}"));
                    known = last.apply(&known);
                    let (read, found) = with(changed, entries);
                    assert_eq!(found, known, "{step}, {cut:?}, {second:?}: after a whole change");
                    rest = read;
                }
            }
        }
        (flash, before) = (done.with_power(), after);
        assert!(before.len() <= SLOTS, "slots");
    }
    println!("words of {WRITE} bytes: {tally:?}");
    assert!(tally.kinds.iter().all(|&kind| kind > changes / 10), "{tally:?}");
    assert!(tally.renewed > tally.cuts / 4 && tally.renewed < tally.cuts, "{tally:?}");
    assert!(tally.old > 0 && tally.new > 0, "{tally:?}");
}

#[test]
fn a_cut_at_any_word_of_four_bytes_leaves_the_old_or_the_new_entries() {
    cut_everywhere::<4, 1>(60);
}

#[test]
fn a_cut_at_any_byte_leaves_the_old_or_the_new_entries() {
    cut_everywhere::<1, 1>(20);
}

#[test]
fn a_cut_at_any_word_of_32_bytes_leaves_the_old_or_the_new_entries() {
    cut_everywhere::<32, 4>(60);
}

#[test]
fn a_cut_while_a_region_is_begun_again_leaves_the_old_entries_or_none() {
    let rng = &mut Rng::new(30);
    let (mut flash, mut known) = (blank::<4, 1>(), Entries::new());
    for _ in 0..20 {
        let change = Change::random(rng, &known);
        known = change.apply(&known);
        flash = with(flash, |enrolled| change.run(enrolled).unwrap()).0;
    }
    assert!(!known.is_empty(), "entries to lose");
    let mut slots = [Slot::FREE; SLOTS];
    let done = Enrolled::create(flash.clone().with_power(), REGION, KIND, &mut slots).unwrap();
    let mut emptied = 0;
    for word in 0..done.release().words {
        for damage in DAMAGES {
            let mut cut = flash.clone().with_cut(Cut { word, damage });
            let refused = Enrolled::create(&mut cut, REGION, KIND, &mut slots).err();
            assert_eq!(refused, Some(EnrolError::Flash(Refusal::NoPower)), "{word}, {damage:?}");
            let found = with(cut.with_power(), entries).1;
            assert!(found == known || found.is_empty(), "{word}, {damage:?}");
            emptied += usize::from(found.is_empty());
        }
    }
    assert!(emptied > 0, "the last word completes the header");
}
