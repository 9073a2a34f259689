//! `export page model.bin DIR`: a page that runs a blob in a browser.

use super::files::{parse, read, read_index};
use anyhow::{Context, Result, bail};
use clap::Args;
use export::blob::AnyModel;
use export::web::{self, Earlier, Page, Sheet};
use output::Replaces;
use pictures::shown;
use runtime::search::Index;
use serde_json::json;
use std::path::PathBuf;
use trainer::summary::grouped;
use trainer::{note, say};

/// Writes a page that runs an int8 blob in a browser, on pictures and on the camera.
///
/// The page works from any web server, and sends nothing anywhere. It shows the classes with the evidence for each
/// of them, the attributes, and the nearest pictures of an index. With a blob that has a descriptor it learns new
/// things. After the first visit it also works without a network. To try it, run `python3 -m http.server` in its
/// folder and open `localhost:8000`. Browsers give the camera only to pages from https or localhost.
#[derive(Debug, Args)]
pub(super) struct PageArgs {
    /// Int8 blob.
    blob: PathBuf,
    /// Directory for the files of the page. Files of an earlier page are replaced, unless they were changed.
    directory: PathBuf,
    /// Index of known pictures, made with this blob.
    #[arg(long, value_name = "FILE")]
    index: Option<PathBuf>,
    /// Folder that was indexed, to show small pictures of it; at most 4,096.
    #[arg(long, value_name = "DIR", requires = "index")]
    pictures: Option<PathBuf>,
    /// Title of the page.
    #[arg(long, value_name = "TEXT", default_value = "Ocelli")]
    title: String,
    /// Replace other files in the directory that have the names of the page's files.
    #[arg(long)]
    overwrite: bool,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl PageArgs {
    pub(super) fn run(&self) -> Result<()> {
        let earlier = Earlier::in_directory(&self.directory);
        self.check_outputs(&earlier)?;
        let blob = read(&self.blob)?;
        let context = || format!("cannot make a page of {}", self.blob.display());
        let AnyModel::Int8(_) = parse(&self.blob, &blob)? else {
            bail!("{}: it is an f16 blob; export it as int8", context());
        };
        let index = self.index.as_deref().map(read_index).transpose()?;
        let sheet = match (&index, &self.pictures) {
            (Some(index), Some(folder)) => {
                Some(Sheet::read(&Index::parse(index)?, folder).with_context(context)?)
            }
            _ => None,
        };
        let page = Page {
            title: &self.title,
            blob: &blob,
            index: index.as_deref(),
            sheet: sheet.as_ref(),
        };
        let files = page.files().with_context(context)?;
        let written: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        output::write_all(&self.directory, &written)?;
        for name in web::names() {
            // A file of the earlier page that this one does not have.
            if earlier.has(name) && files.iter().all(|(file, _)| *file != name) {
                let _ = std::fs::remove_file(self.directory.join(name));
            }
        }
        for fault in sheet.iter().flat_map(|sheet| &sheet.left_out) {
            note!("left out: {fault}");
        }
        let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let directory = shown(&self.directory.to_string_lossy()).into_owned();
        if self.json {
            return say!(
                "{}",
                json!({ "directory": directory, "files": files.len(), "bytes": bytes })
            );
        }
        say!("page {} bytes in {} files, {directory}", grouped(bytes as u64), files.len())?;
        say!("to try it: python3 -m http.server --directory {directory}")
    }

    /// Refuses a directory that cannot be written to, or where a file is in the way.
    fn check_outputs(&self, earlier: &Earlier) -> Result<()> {
        let names = web::names();
        let paths: Vec<_> = names.iter().map(|name| self.directory.join(name)).collect();
        let outputs: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
        let inputs = [Some(&self.blob), self.index.as_ref()].into_iter().flatten();
        let inputs: Vec<_> = inputs.map(PathBuf::as_path).collect();
        output::refuse_inputs(&outputs, &inputs)?;
        let (own, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| earlier.has(name));
        output::check_directory(&self.directory, &own, Replaces::Anything)?;
        output::check_directory(&self.directory, &others, Replaces::if_told(self.overwrite))
    }
}
