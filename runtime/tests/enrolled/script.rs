//! Random changes to a region, and what must be in it afterwards.

use kit::flash::{Flash, Refusal};
use kit::rng::Rng;
use runtime::search::{EnrolError, Enrolled, Fingerprint, Kind, Part, Slot};
use std::collections::BTreeMap;

/// Labels and fingerprints by number.
pub(crate) type Entries = BTreeMap<u16, (u16, Values)>;
/// Four pages of 256 bytes, in the middle of a larger flash.
pub(crate) type Nor<const WRITE: usize, const READ: usize> = Flash<Vec<u8>, WRITE, READ, 256>;
pub(crate) type Error = EnrolError<Refusal>;

pub(crate) const KIND: Kind = Kind { network: 0xC0FF_EE00, lengths: [3, 6] };
pub(crate) const REGION: std::ops::Range<u32> = 256..1280;
/// Number of slots. It is below the number of cells in a half, for every size of word.
pub(crate) const SLOTS: usize = 6;

/// A flash whose region holds nothing.
pub(crate) fn blank<const WRITE: usize, const READ: usize>() -> Nor<WRITE, READ> {
    Nor::new(vec![0xFF; 1536])
}

/// The values of a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) class: Vec<i8>,
    pub(crate) appearance: Vec<i8>,
    pub(crate) codes: [u64; 2],
}

impl Values {
    pub(crate) fn random(rng: &mut Rng, [class, appearance]: [usize; 2]) -> Self {
        let mut values = |len| (0..len).map(|_| rng.pick(i8::MIN, i8::MAX)).collect::<Vec<i8>>();
        let (class, appearance) = (values(class), values(appearance));
        Self { class, appearance, codes: [rng.bits(), rng.bits()] }
    }

    pub(crate) fn fingerprint(&self, network: u32) -> Fingerprint<'_> {
        let [class, appearance] = [(&self.class, self.codes[0]), (&self.appearance, self.codes[1])]
            .map(|(vector, code)| Part { vector, code });
        Fingerprint { network, class, appearance }
    }

    fn of(fingerprint: &Fingerprint<'_>) -> Self {
        let Fingerprint { class, appearance, .. } = fingerprint;
        let codes = [class.code, appearance.code];
        Self { class: class.vector.to_vec(), appearance: appearance.vector.to_vec(), codes }
    }
}

/// A change.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Add(u16, Values),
    Replace(u16, u16, Values),
    Remove(u16),
}

impl Change {
    /// A change that is possible with the present entries.
    pub(crate) fn random(rng: &mut Rng, entries: &Entries) -> Self {
        let (label, values) = (rng.pick(0, 9), Values::random(rng, KIND.lengths));
        let known: Vec<u16> = entries.keys().copied().collect();
        if known.is_empty() || known.len() < SLOTS && rng.one_in(2) {
            return Self::Add(label, values);
        }
        let id = known[rng.pick(0, known.len() as u32 - 1) as usize];
        if rng.one_in(3) { Self::Remove(id) } else { Self::Replace(id, label, values) }
    }

    /// Makes the change in a region.
    pub(crate) fn run<const WRITE: usize, const READ: usize>(
        &self,
        enrolled: &mut Enrolled<'_, Nor<WRITE, READ>>,
    ) -> Result<(), Error> {
        match self {
            Self::Add(label, values) => {
                enrolled.add(*label, &values.fingerprint(KIND.network)).map(|_| ())
            }
            Self::Replace(id, label, values) => {
                enrolled.replace(*id, *label, &values.fingerprint(KIND.network))
            }
            Self::Remove(id) => enrolled.remove(*id),
        }
    }

    /// The entries after the change.
    pub(crate) fn apply(&self, before: &Entries) -> Entries {
        let mut entries = before.clone();
        match self {
            Self::Add(label, values) => {
                let free = (0..).find(|id| !before.contains_key(id)).unwrap();
                entries.insert(free, (*label, values.clone()));
            }
            Self::Replace(id, label, values) => {
                entries.insert(*id, (*label, values.clone()));
            }
            Self::Remove(id) => {
                entries.remove(id);
            }
        }
        entries
    }
}

/// Opens a region, does something with it, and gives back the flash.
pub(crate) fn with<const WRITE: usize, const READ: usize, T>(
    flash: Nor<WRITE, READ>,
    job: impl FnOnce(&mut Enrolled<'_, Nor<WRITE, READ>>) -> T,
) -> (Nor<WRITE, READ>, T) {
    let mut slots = [Slot::FREE; SLOTS];
    let mut enrolled = Enrolled::open(flash, REGION, KIND, &mut slots).expect("a good region");
    let result = job(&mut enrolled);
    (enrolled.release(), result)
}

/// All entries of a region. `entry` and `for_each` must give the same.
pub(crate) fn entries<const WRITE: usize, const READ: usize>(
    enrolled: &mut Enrolled<'_, Nor<WRITE, READ>>,
) -> Entries {
    let mut all = Entries::new();
    let mut last = None;
    let read = enrolled.for_each(|entry| {
        let id = u16::try_from(entry.id).unwrap();
        assert!(last.is_none_or(|last| last < id), "in the order of their numbers");
        last = Some(id);
        all.insert(id, (entry.label.unwrap(), Values::of(&entry.fingerprint)));
    });
    read.unwrap();
    assert_eq!(enrolled.len(), all.len(), "number of entries");
    assert_eq!(enrolled.is_empty(), all.is_empty(), "no entry");
    for id in 0..=SLOTS as u16 {
        let entry = enrolled.entry(id).unwrap();
        let one = entry.map(|entry| (entry.label.unwrap(), Values::of(&entry.fingerprint)));
        assert_eq!(one.as_ref(), all.get(&id), "entry {id}");
    }
    all
}
