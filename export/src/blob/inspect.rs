//! The properties of a blob, as a table or as JSON.

use super::arena::ArenaMap;
use super::model::AnyModel;
use runtime::config::StemSpec;
use runtime::format::MAGIC;
use serde::Serialize;
use trainer::summary::{Row, Summary, grouped};

/// The properties of a blob.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Size of the file.
    pub blob_bytes: usize,
    /// The version of its format.
    pub version: u16,
    /// Arithmetic of the blob.
    pub arithmetic: &'static str,
    /// Input height, width and channels.
    pub image: [usize; 3],
    /// "patches" or "convolutions".
    pub stem: &'static str,
    /// Number of tokens.
    pub tokens: usize,
    /// Width of a token.
    pub dim: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Number of heads.
    pub heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Hidden width of a block's MLP.
    pub mlp_dim: usize,
    /// Trained parameters.
    pub parameters: u64,
    /// Multiply-accumulates for one image.
    pub macs: u64,
    /// The arena: bytes of memory that a run needs.
    pub arena_bytes: usize,
    /// Its use over time; absent for f16.
    pub arena: Option<ArenaMap>,
    /// Names of the classes; numbers if the blob has none.
    pub classes: Vec<String>,
    /// Names of the attributes; empty if the blob has none, or a head that is not valid.
    pub attributes: Vec<String>,
    /// The layers in order.
    pub layers: Vec<Row>,
}

fn attributes(model: &AnyModel<'_>) -> Vec<String> {
    let Ok(Some(attributes)) = model.attributes() else { return Vec::new() };
    let names = (0..attributes.len()).filter_map(|attribute| attributes.name(attribute));
    names.map(str::to_owned).collect()
}

impl Inspection {
    /// Collects the properties of the blob `bytes`, from which `model` was parsed.
    pub fn new(model: &AnyModel<'_>, bytes: &[u8]) -> Self {
        let config = model.config();
        let image = config.image();
        let layers = Summary::new(config).layers;
        let name = |class| model.class_name(class).map_or_else(|| class.to_string(), str::to_owned);
        Self {
            blob_bytes: bytes.len(),
            version: version(bytes).unwrap_or_default(),
            arithmetic: model.precision(),
            image: [image.height, image.width, image.channels],
            stem: match config.spec().stem {
                StemSpec::Patches { .. } => "patches",
                StemSpec::Conv(_) => "convolutions",
            },
            tokens: config.tokens(),
            dim: config.dim(),
            depth: config.depth(),
            heads: config.heads(),
            head_dim: config.head_dim(),
            mlp_dim: config.mlp_dim(),
            parameters: config.parameters(),
            macs: config.macs(),
            arena_bytes: model.arena_len(),
            arena: matches!(model, AnyModel::Int8(_)).then(|| ArenaMap::new(config)),
            classes: (0..config.classes()).map(name).collect(),
            attributes: attributes(model),
            layers,
        }
    }

    /// The properties as lines of text, then the layers as a table, then the arena as a drawing.
    pub fn table(&self) -> String {
        let [height, width, channels] = self.image;
        let attributes = match &self.attributes[..] {
            [] => String::new(),
            names => format!("attributes  {}\n", names.join(", ")),
        };
        format!(
            "blob        {} bytes, version {}, {}\n\
             image       {height} x {width} x {channels}\n\
             network     {} stem, {} tokens, dim {}, depth {}, {} heads of {}, mlp {}\n\
             parameters  {}\n\
             MACs        {}\n\
             arena       {} bytes\n\
             classes     {}\n{attributes}\n",
            grouped(self.blob_bytes as u64),
            self.version,
            self.arithmetic,
            self.stem,
            self.tokens,
            self.dim,
            self.depth,
            self.heads,
            self.head_dim,
            self.mlp_dim,
            grouped(self.parameters),
            grouped(self.macs),
            grouped(self.arena_bytes as u64),
            self.classes.join(", "),
        ) + &self.summary().table()
            + &self
                .arena
                .as_ref()
                .map_or_else(String::new, |arena| format!("\n{}", arena.drawing()))
    }

    fn summary(&self) -> Summary {
        let Self { layers, parameters, macs, .. } = self;
        Summary { layers: layers.clone(), parameters: *parameters, macs: *macs }
    }
}

/// The version that a blob names after its magic.
fn version(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(MAGIC.len()..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_blob() {
        assert_eq!(version(b"OCEL\x02\x01\0\0"), Some(0x102), "little-endian, after the magic");
        assert_eq!(version(b"OCEL\x02"), None, "cut short");
    }
}
