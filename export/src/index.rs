//! An index of pictures, from their fingerprints.

use anyhow::{Context, Result};
use pictures::shown;
use rayon::prelude::*;
use runtime::format::{IndexEntries, PartEntries, write_index};
use runtime::search::Fingerprint;
use runtime::{Described, Descriptor, Model};
use std::collections::BTreeSet;
use trainer::data::Images;

/// Vectors and code of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The network that made it.
    pub network: u32,
    /// Class part.
    pub class: (Vec<i8>, u64),
    /// Appearance part.
    pub appearance: (Vec<i8>, u64),
    /// Weight of the class part in 256ths, if the image is the query.
    pub class_weight: u8,
}

impl Entry {
    fn new(described: &Described<'_>) -> Self {
        let Fingerprint { network, class, appearance } = described.fingerprint;
        let runtime::search::Likeness::Mixed { class: class_weight } = described.likeness else {
            unreachable!("a descriptor gives a mixture")
        };
        Self {
            network,
            class: (class.vector.to_vec(), class.code),
            appearance: (appearance.vector.to_vec(), appearance.code),
            class_weight,
        }
    }
}

/// Describes every image; `progress` counts images.
///
/// # Errors
/// If the blob has no descriptor, or the images have another size than the model reads.
pub fn describe(
    model: &Model<'_>,
    images: &Images,
    progress: impl Fn(usize) + Sync,
) -> Result<Vec<Entry>> {
    let descriptor = Descriptor::parse(model)?.context(
        "the blob has no descriptor: add one with `export descriptor model.bin described.bin`",
    )?;
    let len = descriptor.arena_len() + model.arena_len_fast() - model.arena_len();
    let entry = |arena: &mut Vec<u8>, index| {
        let entry = Entry::new(&descriptor.run(images.image(index), arena)?);
        progress(1);
        Ok(entry)
    };
    (0..images.len()).into_par_iter().map_init(|| vec![0; len], entry).collect()
}

/// The bytes of an index of sets of images with their entries. The label of an entry is its class, and its name is its
/// file. If every file has a number of its own as its name, such as `17.png`, the number is the id. Otherwise the id is
/// the place in the order of the names.
///
/// # Errors
/// If there are no images, or too many for an index.
pub fn index(sets: &[(Images, Vec<Entry>)], classes: &[String]) -> Result<Vec<u8>> {
    let mut all: Vec<(u32, String, u16, &Entry)> = Vec::new();
    for (images, entries) in sets {
        for (index, entry) in entries.iter().enumerate() {
            // Names in an index are separated by newlines, which a file's name may have.
            let name = images.name(index).map(|name| shown(name).into_owned());
            all.push((0, name.unwrap_or_default(), images.label(index), entry));
        }
    }
    all.sort_by(|(_, a, ..), (_, b, ..)| a.cmp(b));
    let (.., first) = all.first().context("there are no pictures to make an index of")?;
    let network = first.network;
    let count = u32::try_from(all.len()).context("there are too many pictures")?;
    let names: Vec<&str> = all.iter().map(|(_, name, ..)| name.as_str()).collect();
    let ids = numbers(&names).unwrap_or_else(|| (0..count).collect());
    all.iter_mut().zip(ids).for_each(|(entry, id)| entry.0 = id);
    all.sort_by_key(|&(id, ..)| id);
    let ids: Vec<u32> = all.iter().map(|&(id, ..)| id).collect();
    let labels: Vec<u16> = all.iter().map(|&(_, _, label, _)| label).collect();
    let named = sets.iter().any(|(images, _)| images.have_names());
    let names: Vec<&str> = all.iter().map(|(_, name, ..)| name.as_str()).collect();
    let names = if named { names.join("\n") } else { String::new() };
    let entries: Vec<&Entry> = all.iter().map(|&(.., entry)| entry).collect();
    let classes: Vec<String> = classes.iter().map(|class| shown(class).into_owned()).collect();
    let class = Parts::new(&entries, |entry| &entry.class);
    let appearance = Parts::new(&entries, |entry| &entry.appearance);
    let label_names = classes.join("\n");
    let record = IndexEntries {
        network,
        ids: &ids,
        labels: Some(&labels),
        label_names: &label_names,
        names: &names,
        class: class.entries(),
        appearance: appearance.entries(),
    };
    let values = class.vectors.len() + appearance.vectors.len();
    let mut bytes = vec![0; values + 32 * entries.len() + names.len() + label_names.len() + 100];
    let len = write_index(&record, &mut bytes).context("the index does not fit")?;
    bytes.truncate(len);
    Ok(bytes)
}

/// The number that each file has as its name; `None` if a file has none, or two have the same.
fn numbers(names: &[&str]) -> Option<Vec<u32>> {
    let number = |name: &&str| {
        let file = name.rsplit('/').next()?;
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        // `parse` also accepts `+7`, which is not a number here.
        let digits = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit());
        stem.parse().ok().filter(|_| digits)
    };
    let numbers: Vec<u32> = names.iter().map(number).collect::<Option<_>>()?;
    let different = numbers.iter().collect::<BTreeSet<_>>().len() == numbers.len();
    different.then_some(numbers)
}

/// One part of all entries.
struct Parts {
    dim: u8,
    vectors: Vec<i8>,
    codes: Vec<u64>,
}

impl Parts {
    fn new(entries: &[&Entry], part: impl Fn(&Entry) -> &(Vec<i8>, u64)) -> Self {
        let dim = entries.first().map_or(0, |entry| part(entry).0.len());
        Self {
            dim: u8::try_from(dim).unwrap_or(u8::MAX),
            vectors: entries.iter().flat_map(|entry| part(entry).0.iter().copied()).collect(),
            codes: entries.iter().map(|entry| part(entry).1).collect(),
        }
    }

    fn entries(&self) -> PartEntries<'_> {
        PartEntries { dim: self.dim, vectors: &self.vectors, codes: &self.codes }
    }
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn numbers_are_the_names_of_files() {
        assert_eq!(numbers(&["cup/0012.png", "tree/7.jpg"]), Some(vec![12, 7]), "with zeros");
        assert_eq!(numbers(&["cup/3", "4"]), Some(vec![3, 4]), "without an ending or a folder");
        for none in ["cup/mug.png", "cup/+5.png", "cup/.png", "cup/4294967296.png", "5 b.png", ""] {
            assert_eq!(numbers(&["1.png", none]), None, "{none}");
        }
        assert_eq!(numbers(&["cup/5.png", "tree/05.png"]), None, "one number twice");
    }
}
