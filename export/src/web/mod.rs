//! A page that runs a blob in a browser: the files of `runtime/web`, with the blob and what belongs to it.

mod earlier;
mod files;
mod firmware;
mod settings;
mod sheet;
mod shortened;

pub use earlier::Earlier;
pub use files::names;
pub use sheet::{MAX_SMALL_PICTURES, Sheet};

use anyhow::{Context, Result, ensure};
use files::{FILES, INDEX_FILE, MODEL_FILE, SHEET_FILE};
use runtime::search::Index;
use runtime::{Descriptor, Model};
use serde_json::json;
use settings::{GENERATOR, SETTINGS_FILE, sum};
use shortened::shortened;
use trainer::data::CIFAR10_CLASSES;

/// What a page shows.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Title of the page.
    pub title: &'a str,
    /// The int8 blob.
    pub blob: &'a [u8],
    /// An index of known pictures, made with this blob.
    pub index: Option<&'a [u8]>,
    /// The small pictures of the index.
    pub sheet: Option<&'a Sheet>,
}

impl Page<'_> {
    /// The files with their bytes.
    ///
    /// # Errors
    /// If the blob or the index cannot be used, or the index was made with another blob.
    pub fn files(&self) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let model = Model::parse(self.blob)?;
        if let Some(index) = self.index {
            check_index(&model, &Index::parse(index)?)?;
        }
        let mut files: Vec<_> = FILES
            .iter()
            .map(|&(name, bytes)| (name, shortened(name, bytes).into_owned()))
            .collect();
        files.push((MODEL_FILE, self.blob.to_vec()));
        files.extend(self.index.map(|bytes| (INDEX_FILE, bytes.to_vec())));
        files.extend(self.sheet.map(|sheet| (SHEET_FILE, sheet.bytes.clone())));
        let sums: serde_json::Map<_, _> =
            files.iter().map(|(name, bytes)| ((*name).to_owned(), sum(bytes).into())).collect();
        let sheet = self
            .sheet
            .map(|_| json!({ "file": SHEET_FILE, "side": sheet::SIDE, "columns": sheet::COLUMNS }));
        let settings = json!({
            "generator": GENERATOR,
            "title": self.title,
            "hash": firmware::hash(&model)?,
            "index": self.index.map(|_| INDEX_FILE),
            "sheet": sheet,
            // The firmware's images show what only a network for CIFAR-10 knows.
            "samples": (0..).map_while(|class| model.class_name(class)).eq(CIFAR10_CLASSES),
            "files": sums,
        });
        files.push((SETTINGS_FILE, format!("{settings:#}\n").into_bytes()));
        Ok(files)
    }
}

/// Refuses an index of another network.
fn check_index(model: &Model<'_>, index: &Index<'_>) -> Result<()> {
    let descriptor = Descriptor::parse(model)?.context(
        "the blob has no descriptor: add one with `export descriptor model.bin described.bin`",
    )?;
    ensure!(
        descriptor.network() == index.network(),
        "the index was made with network {:08x}, and this is {:08x}: make it again with `export index`",
        index.network(),
        descriptor.network()
    );
    Ok(())
}
