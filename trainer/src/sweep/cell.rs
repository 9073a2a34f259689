//! One network of a sweep: its shape and its result.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use runtime::config::{AttentionSpec, MlpSpec, Preset, StemSpec, StemStage, VitConfig, VitSpec};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The result of a cell, in its directory.
const CELL_FILE: &str = "cell.json";

/// Depth and width of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Number of blocks.
    pub depth: u8,
    /// Width of a token.
    pub dim: u16,
}

/// A trained network of the sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Depth and width.
    #[serde(flatten)]
    pub shape: Shape,
    /// Trained parameters.
    pub parameters: u64,
    /// Multiply-accumulates for one image.
    pub macs: u64,
    /// The epoch whose network was kept, by the validation images.
    pub best_epoch: usize,
    /// Of that network, 0 to 1.
    pub validation_accuracy: f64,
    /// Of that network, 0 to 1.
    pub test_accuracy: f64,
    /// Share of test images whose class was among the five best, 0 to 1.
    pub test_top5_accuracy: f64,
    /// Time of training and validation, before and after it was resumed.
    pub seconds: f64,
    /// All settings as text without rounding, so that a sweep with other settings does not use the cell.
    pub settings: String,
}

/// The network of a preset with another depth and width. The width of heads and of the MLP's hidden layer
/// changes in proportion, rounded up. The last convolution of a stem gets the new width; all other
/// layers of the stem and of the class head stay.
///
/// # Errors
/// If such a network is not valid.
pub fn network(preset: Preset, shape: Shape, classes: u16) -> Result<VitConfig> {
    let name = preset.name();
    let base = preset.config(classes).map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
    let base = base.spec().clone();
    let Shape { depth, dim } = shape;
    let scaled = |width: u16| -> Result<u16> {
        let wide = u32::from(width) * u32::from(dim);
        u16::try_from(wide.div_ceil(base.dim.into())).context("a layer is too wide")
    };
    let mut stem = base.stem.clone();
    if let StemSpec::Conv(stages) = &mut stem
        && let Some(StemStage::Conv { channels, .. }) = stages.last_mut()
    {
        *channels = dim;
    }
    let spec = VitSpec {
        stem,
        dim,
        depth,
        attention: AttentionSpec { head_dim: scaled(base.attention.head_dim)?, ..base.attention },
        mlp: MlpSpec { dim: scaled(base.mlp.dim)?, ..base.mlp },
        ..base
    };
    let text = |error| anyhow::anyhow!("{name} of depth {depth} and dim {dim}: {error}");
    VitConfig::new(spec).map_err(text)
}

impl Shape {
    /// Every depth with every width, each once.
    pub fn grid(depths: &[u8], dims: &[u16]) -> Vec<Self> {
        let mut shapes = Vec::new();
        for shape in
            depths.iter().flat_map(|&depth| dims.iter().map(move |&dim| Self { depth, dim }))
        {
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        shapes
    }

    /// The directory of its run, inside the directory of the sweep.
    pub fn directory(self, out: &Path) -> PathBuf {
        out.join(format!("depth-{}-dim-{}", self.depth, self.dim))
    }
}

impl Cell {
    /// The cell that a sweep with these settings has finished in a directory, if any.
    ///
    /// # Errors
    /// If the directory holds the cell of another sweep, or a damaged one.
    pub fn load(directory: &Path, settings: &str) -> Result<Option<Self>> {
        let path = directory.join(CELL_FILE);
        if !path.exists() {
            return Ok(None);
        }
        let name = path.display();
        let text = std::fs::read(&path).with_context(|| format!("cannot read {name}"))?;
        let cell: Self = serde_json::from_slice(&text).with_context(|| {
            format!("{name} is damaged: remove it; then its network is trained again")
        })?;
        ensure!(
            same_settings(&cell.settings, settings)?,
            "{name} belongs to a sweep with other options: choose another --out"
        );
        Ok(Some(cell))
    }

    /// Writes the cell, which marks it as finished.
    ///
    /// # Errors
    /// If the directory cannot be written to.
    pub fn save(&self, directory: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        output::write(&directory.join(CELL_FILE), text.as_bytes())
    }
}

/// Whether two settings agree. A setting that an earlier version did not have counts as null.
fn same_settings(one: &str, other: &str) -> Result<bool> {
    let read = |text: &str| -> Result<Value> {
        let mut value = serde_json::from_str(text)?;
        remove_nulls(&mut value);
        Ok(value)
    };
    Ok(one == other || read(one)? == read(other)?)
}

fn remove_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, field| !field.is_null());
        fields.values_mut().for_each(remove_nulls);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Cells whose accuracy is their depth times their width in tenths of a percent.
    pub(in crate::sweep) fn cells(depths: &[u8], dims: &[u16]) -> Vec<Cell> {
        let cell = |shape: Shape| {
            let accuracy = f64::from(shape.depth) * f64::from(shape.dim) / 1000.0;
            Cell {
                shape,
                parameters: 7,
                macs: 9,
                best_epoch: 3,
                validation_accuracy: accuracy + 0.01,
                test_accuracy: accuracy,
                test_top5_accuracy: 0.5,
                seconds: 1.0,
                settings: String::new(),
            }
        };
        Shape::grid(depths, dims).into_iter().map(cell).collect()
    }

    #[test]
    fn a_preset_has_its_own_shape() {
        for preset in Preset::ALL {
            let config = preset.config(10).unwrap();
            let spec = config.spec();
            let shape = Shape { depth: spec.depth, dim: spec.dim };
            assert_eq!(network(preset, shape, 10).unwrap(), config, "{}", preset.name());
        }
    }

    #[test]
    fn layers_keep_their_share_of_the_width() {
        let found = network(Preset::Seed, Shape { depth: 2, dim: 10 }, 10).unwrap();
        assert_eq!((found.depth(), found.dim()), (2, 10), "as given");
        assert_eq!((found.heads(), found.head_dim(), found.mlp_dim()), (4, 10, 20), "the report's");
        let found = network(Preset::Vit64x4, Shape { depth: 3, dim: 10 }, 10).unwrap();
        assert_eq!((found.head_dim(), found.mlp_dim()), (3, 20), "rounded up");
        let found = network(Preset::Micro, Shape { depth: 1, dim: 24 }, 10).unwrap();
        assert_eq!(found.stem_stages().last().map(|stage| stage.output.channels), Some(24), "stem");
        let error = network(Preset::Micro, Shape { depth: 0, dim: 24 }, 10).unwrap_err();
        assert!(error.to_string().contains("micro of depth 0 and dim 24"), "{error}");
    }

    #[test]
    fn a_cell_is_found_again_by_its_own_sweep_only() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        let settings = "{\"epochs\":3}";
        assert_eq!(Cell::load(dir, settings).unwrap(), None, "nothing is done");
        let cell = Cell { settings: settings.into(), ..cells(&[2], &[32]).remove(0) };
        cell.save(dir).unwrap();
        assert_eq!(Cell::load(dir, settings).unwrap(), Some(cell.clone()), "the same");
        let newer = "{\"epochs\":3,\"new\":null}";
        assert_eq!(Cell::load(dir, newer).unwrap(), Some(cell), "a setting that came later");
        let error = Cell::load(dir, "{\"epochs\":4}").unwrap_err().to_string();
        assert!(error.contains("other options"), "{error}");
        std::fs::write(dir.join(CELL_FILE), "{").unwrap();
        let error = Cell::load(dir, settings).unwrap_err().to_string();
        assert!(error.contains("damaged"), "{error}");
    }
}
