//! The blobs that are put into firmware.

use anyhow::{Context, Result};
use kit::synthetic::{self, Values};
use runtime::config::Preset;
use runtime::format::{HEAD_ATTRIBUTES, HEAD_DESCRIPTOR, HeadRecord};
use runtime::{Model, append_head};
use std::path::{Path, PathBuf};

/// A blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blob {
    /// The golden network with every kind of stage.
    Tiny,
    /// The same network with a random descriptor.
    TinyDescribed,
    /// A trained network with a descriptor that comes with the source. The page for browsers has it as well.
    Nano,
    /// The trained network that comes with the source.
    Micro,
    /// The shapes of `compact` with random weights, because the number of instructions does not depend on
    /// weights.
    Compact,
    /// The geometry of `micro-96` with random weights.
    Micro96,
}

impl Blob {
    /// Every blob that can be named.
    pub const ALL: [Self; 5] = [Self::Tiny, Self::Nano, Self::Micro, Self::Compact, Self::Micro96];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::TinyDescribed => "tiny-described",
            Self::Nano => Preset::Nano.name(),
            Self::Micro => Preset::Micro.name(),
            Self::Compact => Preset::Compact.name(),
            Self::Micro96 => Preset::Micro96.name(),
        }
    }

    /// The file. It is written below `target` if it is not part of the source.
    pub fn path(self, target: &Path) -> Result<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        match self {
            Self::Tiny => Ok(root.join("tests/golden/v1/tiny.bin")),
            Self::TinyDescribed => described(&root.join("tests/golden/v1/tiny.bin"), target),
            Self::Nano => Ok(root.join("trainer/models/nano/full.bin")),
            Self::Micro => Ok(root.join("trainer/models/micro/model.bin")),
            Self::Compact => random(Preset::Compact, 0, target),
            Self::Micro96 => random(Preset::Micro96, 0, target),
        }
    }

    /// The file of the same network with attributes.
    pub fn full(self, target: &Path) -> Result<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        match self {
            Self::Tiny | Self::TinyDescribed => {
                Ok(root.join("tests/golden/v1/tiny_attributes.bin"))
            }
            Self::Nano => Ok(root.join("trainer/models/nano/full.bin")),
            Self::Micro => Ok(root.join("trainer/models/micro/full.bin")),
            Self::Compact => random(Preset::Compact, ATTRIBUTES, target),
            Self::Micro96 => random(Preset::Micro96, ATTRIBUTES, target),
        }
    }
}

/// Attributes of networks with random weights: as many as the trained ones have.
const ATTRIBUTES: usize = 20;

/// Writes a blob with random weights and with this number of attributes.
fn random(preset: Preset, attributes: usize, target: &Path) -> Result<PathBuf> {
    let name = if attributes == 0 { "" } else { "-full" };
    let path = target.join(format!("{}{name}.bin", preset.name()));
    let config = preset.config(10).context(preset.name())?;
    let mut network = synthetic::network(&config, 1, Values::Typical);
    if attributes > 0 {
        let head = synthetic::attributes(&config, attributes, 1, Values::Typical);
        network.other_heads.push((HEAD_ATTRIBUTES, head.to_bytes()));
    }
    write(path, &network.to_bytes())
}

/// Writes a blob with a random descriptor added.
fn described(blob: &Path, target: &Path) -> Result<PathBuf> {
    let blob = std::fs::read(blob).with_context(|| blob.display().to_string())?;
    let model = Model::parse(&blob).context("the blob")?;
    let head = synthetic::descriptor(model.config(), 1, Values::Typical, [32, 96]).to_bytes();
    let mut bytes = vec![0; blob.len() + head.len() + 16];
    let len = append_head(&blob, HeadRecord { kind: HEAD_DESCRIPTOR, body: &head }, &mut bytes)?;
    write(target.join("tiny-described.bin"), &bytes[..len])
}

/// Writes a file. An unchanged file is left alone, so that nothing is built again.
pub fn write(path: PathBuf, bytes: &[u8]) -> Result<PathBuf> {
    if std::fs::read(&path).ok().as_deref() != Some(bytes) {
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    Ok(path)
}
