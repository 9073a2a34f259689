//! The files that the C program reads: a blob with every head, an index made with it, and ten images.

use anyhow::{Context, Result};
use runtime::format::{IndexEntries, PartEntries, write_index};
use runtime::search::Part;
use runtime::{Descriptor, Model};
use std::fs;
use std::path::{Path, PathBuf};

/// The files, read.
pub struct Fixture {
    /// A network with attributes and a descriptor.
    pub blob: Vec<u8>,
    /// An index of 40 images: the ten images, and the same inverted, mirrored, and darker.
    pub index: Vec<u8>,
    /// Ten images, one after another.
    pub images: Vec<u8>,
    /// The paths of these files, in this order.
    pub paths: [PathBuf; 3],
}

impl Fixture {
    /// Reads the blob and the images, and writes the index to `folder`.
    pub fn new(folder: &Path) -> Result<Self> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let paths = [
            tests.join("../trainer/models/nano/full.bin"),
            folder.join("index.bin"),
            tests.join("firmware/images/cifar10_test_0_9.rgb"),
        ];
        let [blob, index, images] = &paths;
        let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
        let (blob, images) = (read(blob)?, read(images)?);
        let entries = entries(&blob, &images)?;
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        fs::write(index, &entries).with_context(|| index.display().to_string())?;
        Ok(Self { blob, index: entries, images, paths })
    }
}

/// One part of all entries.
#[derive(Default)]
struct Parts {
    vectors: Vec<i8>,
    codes: Vec<u64>,
}

impl Parts {
    fn push(&mut self, part: Part<'_>) {
        self.vectors.extend(part.vector);
        self.codes.push(part.code);
    }

    fn entries(&self) -> Result<PartEntries<'_>> {
        let dim = u8::try_from(self.vectors.len() / self.codes.len())?;
        Ok(PartEntries { dim, vectors: &self.vectors, codes: &self.codes })
    }
}

/// The bytes of the index.
fn entries(blob: &[u8], images: &[u8]) -> Result<Vec<u8>> {
    const CHANGES: [(&str, fn(&mut [u8])); 4] = [
        ("plain", |_| {}),
        ("inverted", |image| image.iter_mut().for_each(|byte| *byte = !*byte)),
        ("mirrored", <[u8]>::reverse),
        ("dark", |image| image.iter_mut().for_each(|byte| *byte /= 2)),
    ];
    let model = Model::parse(blob)?;
    let descriptor = Descriptor::parse(&model)?.context("a blob without a descriptor")?;
    let mut arena = vec![0; descriptor.arena_len()];
    let (mut class, mut appearance) = (Parts::default(), Parts::default());
    let (mut ids, mut labels, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let mut network = 0;
    for (label, (name, change)) in (0..).zip(CHANGES) {
        for (number, image) in images.chunks_exact(model.config().image().len()).enumerate() {
            let mut image = image.to_vec();
            change(&mut image);
            let seen = descriptor.run(&image, &mut arena)?.fingerprint;
            network = seen.network;
            class.push(seen.class);
            appearance.push(seen.appearance);
            ids.push(3 * u32::try_from(ids.len())? + 5);
            labels.push(label);
            names.push(format!("{number}-{name}.png"));
        }
    }
    let entries = IndexEntries {
        network,
        ids: &ids,
        labels: Some(&labels),
        label_names: &CHANGES.map(|(name, _)| name).join("\n"),
        names: &names.join("\n"),
        class: class.entries()?,
        appearance: appearance.entries()?,
    };
    let mut bytes = vec![0; 1 << 16];
    let len = write_index(&entries, &mut bytes).map_err(|_| anyhow::anyhow!("a long index"))?;
    bytes.truncate(len);
    Ok(bytes)
}
