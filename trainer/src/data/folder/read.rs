//! Reads the files of a layout: pixels for the network, and what decides whether a picture is a test picture.

use anyhow::Result;
use pictures::{Fault, centre, decode, load};
use rayon::prelude::*;
use runtime::config::{IMAGE_CHANNELS, ImageSpec};
use sha2::{Digest, Sha256};

use super::layout::{File, Layout, Role};
use crate::data::images::Images;

/// Number of files that are read before their pixels are copied to the result, so that few pictures are in
/// memory twice.
const AT_ONCE: usize = 512;

/// The pictures that can be read, in the order of the list, and the files that cannot.
pub(super) struct Pictures {
    pub(super) images: Images,
    pub(super) about: Vec<About>,
    pub(super) faults: Vec<String>,
}

/// A picture, without its pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) role: Role,
    /// The first bytes of the SHA-256 of its file.
    pub(super) digest: u64,
}

impl Pictures {
    /// Reads every file. `progress` receives the number of files read since the last call, and the total.
    pub(super) fn read(
        layout: &Layout,
        size: ImageSpec,
        progress: &(impl Fn(usize, usize) + Sync),
    ) -> Result<Self> {
        let total = layout.files.len();
        let (height, width) = (usize::from(size.height), usize::from(size.width));
        let size = (size.width.into(), size.height.into());
        let read = |file: &File| {
            let found = picture(file, size);
            progress(1, total);
            found
        };
        let (mut labels, mut names) = (Vec::new(), Vec::new());
        // A growing vector would need twice the memory while it is copied.
        let mut pixels = Vec::with_capacity(total * height * width * IMAGE_CHANNELS);
        let (mut about, mut faults) = (Vec::new(), Vec::new());
        for files in layout.files.chunks(AT_ONCE) {
            let found: Vec<_> = files.par_iter().map(read).collect();
            for (file, found) in files.iter().zip(found) {
                match found {
                    Ok((digest, bytes)) => {
                        pixels.extend(bytes);
                        labels.push(file.class);
                        names.push(relative(layout, file));
                        about.push(About { role: file.role, digest });
                    }
                    Err(fault) => faults.push(format!("{} {fault}", layout.name(&file.path))),
                }
            }
        }
        let images = Images::with_names(height, width, pixels, labels, names)?;
        Ok(Self { images, about, faults })
    }
}

/// A file's name as reports have it: within the directory, with slashes on every system.
fn relative(layout: &Layout, file: &File) -> Box<str> {
    let path = file.path.strip_prefix(&layout.dir).unwrap_or(&file.path);
    let parts = path.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/").into()
}

fn picture(file: &File, size: (u32, u32)) -> Result<(u64, Vec<u8>), Fault> {
    let bytes = load(&file.path)?;
    let digest = Sha256::digest(&bytes);
    let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    Ok((u64::from_be_bytes(*first), centre(&decode(&bytes)?, size)))
}
