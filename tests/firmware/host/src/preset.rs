//! The blobs that are put into firmware.

use anyhow::{Context, Result};
use kit::synthetic;
use runtime::config::Preset;
use std::path::{Path, PathBuf};

/// A blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blob {
    /// The golden network with every kind of stage.
    Tiny,
    /// The trained network that comes with the source.
    Micro,
    /// The shapes of `compact` with random weights, because the number of instructions does not depend on
    /// weights.
    Compact,
    /// The geometry of `micro-96` with random weights.
    Micro96,
}

impl Blob {
    /// Every blob.
    pub const ALL: [Self; 4] = [Self::Tiny, Self::Micro, Self::Compact, Self::Micro96];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
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
            Self::Micro => Ok(root.join("trainer/models/micro/model.bin")),
            Self::Compact => random(Preset::Compact, target),
            Self::Micro96 => random(Preset::Micro96, target),
        }
    }
}

/// Writes a blob with random weights.
fn random(preset: Preset, target: &Path) -> Result<PathBuf> {
    let path = target.join(preset.name()).with_extension("bin");
    let bytes = synthetic::blob(&preset.config(10).context(preset.name())?, 1);
    // An unchanged file is left alone, so that nothing is built again.
    if std::fs::read(&path).ok().as_ref() != Some(&bytes) {
        std::fs::write(&path, bytes).with_context(|| format!("{}", path.display()))?;
    }
    Ok(path)
}
