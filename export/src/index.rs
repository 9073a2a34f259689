//! An index of pictures, from their fingerprints.

use anyhow::{Context, Result};
use pictures::shown;
use rayon::prelude::*;
use runtime::format::{IndexEntries, PartEntries, write_index};
use runtime::search::Fingerprint;
use runtime::{Described, Descriptor, Model};
use trainer::data::Images;

/// Vectors and code of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// The bytes of an index of sets of images with their entries. The entries are sorted by the names of their
/// files. The id of an entry is its place in this order, its label is its class, and its name is its file.
///
/// # Errors
/// If there are no images, or too many for an index.
pub fn index(sets: &[(Images, Vec<Entry>)], classes: &[String]) -> Result<Vec<u8>> {
    let mut all: Vec<(String, u16, &Entry)> = Vec::new();
    for (images, entries) in sets {
        for (index, entry) in entries.iter().enumerate() {
            // Names in an index are separated by newlines, which a file's name may have.
            let name = images.name(index).map(|name| shown(name).into_owned());
            all.push((name.unwrap_or_default(), images.label(index), entry));
        }
    }
    all.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let (_, _, first) = all.first().context("there are no pictures to make an index of")?;
    let count = u32::try_from(all.len()).context("there are too many pictures")?;
    let ids: Vec<u32> = (0..count).collect();
    let labels: Vec<u16> = all.iter().map(|&(_, label, _)| label).collect();
    let named = sets.iter().any(|(images, _)| images.have_names());
    let names: Vec<&str> = all.iter().map(|(name, ..)| name.as_str()).collect();
    let names = if named { names.join("\n") } else { String::new() };
    let network = first.network;
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
