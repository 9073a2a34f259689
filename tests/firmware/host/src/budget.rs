//! The limits of `size-budget.toml`.

use anyhow::{Context, Result};
use std::path::Path;
use toml::Table;

/// Limits of one board, blob and program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budget {
    /// Maximum bytes of flash without blob and test images.
    pub code: Option<usize>,
    /// Maximum bytes of the runtime in `code`.
    pub runtime: Option<usize>,
    /// Maximum bytes of RAM, stack included.
    pub ram: Option<usize>,
    /// Maximum instructions per multiply-accumulate of a whole run.
    pub whole: Option<f64>,
    /// The same for linear layers and convolutions alone.
    pub linear: Option<f64>,
}

impl Budget {
    /// The limits for a board, a blob and a part of the blob's table, such as `camera`; `None` for each limit that
    /// the file does not have.
    pub fn read(board: &str, blob: &str, part: Option<&str>) -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../size-budget.toml");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let file: Table = text.parse().with_context(|| path.display().to_string())?;
        let blob = file.get(board).and_then(|board| board.get(blob));
        let entry = match part {
            Some(part) => blob.and_then(|blob| blob.get(part)),
            None => blob,
        };
        let integer = |name| {
            let value = entry?.get(name)?.as_integer()?;
            usize::try_from(value).ok()
        };
        let float = |name| entry?.get(name)?.as_float();
        Ok(Self {
            code: integer("code"),
            runtime: integer("runtime"),
            ram: integer("ram"),
            whole: float("instructions_a_mac"),
            linear: float("instructions_a_linear_mac"),
        })
    }
}

/// The fault of a figure that is above its limit.
pub fn excess(what: &str, found: f64, limit: Option<f64>) -> Option<String> {
    let limit = limit.filter(|&limit| found > limit)?;
    Some(format!("{what} {found:.3} above its limit {limit:.3}"))
}
