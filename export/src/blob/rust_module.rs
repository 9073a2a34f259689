//! A Rust module that includes a blob or an index in firmware.

use super::model::AnyModel;
use anyhow::{Context, Result};
use runtime::search::Index;
use std::fmt::Write;
use std::path::Path;
use trainer::summary::grouped;

/// The text by which such a module is recognised.
const MARK: &str = "Written by `export --rust`";
/// How the module of a blob begins.
const BLOB_START: &str = "//! A trained network: ";
/// How the module of an index begins.
const INDEX_START: &str = "//! An index of ";
/// How the lines of a module begin, also after a formatter has broken them.
const LINES: [&str; 9] = [
    "//!",
    "///",
    "#[repr(",
    "struct Aligned",
    "static ALIGNED",
    "pub static ",
    "pub const ",
    " ",
    "];",
];

/// Source of the module at `module` for the blob at `blob`, which it includes by relative path.
///
/// # Errors
/// If a directory of the two paths does not exist or the relative path is not Unicode.
pub fn source(model: &AnyModel<'_>, blob: &Path, module: &Path) -> Result<String> {
    Ok(source_including(model, &include_path(blob, module)?))
}

/// Source of the module for a blob at the path `include`, relative to the directory of the module.
pub fn source_including(model: &AnyModel<'_>, include: &str) -> String {
    let config = model.config();
    let image = config.image();
    let names = (0..config.classes()).map(|class| {
        let name = model.class_name(class).map_or_else(|| class.to_string(), str::to_owned);
        format!("{name:?}")
    });
    let names: Vec<_> = names.collect();
    let parse = match model {
        AnyModel::Int8(_) => "parse",
        AnyModel::F16(_) => "parse_f16",
    };
    let mut text = format!(
        "{BLOB_START}{} parameters, {} multiply-accumulates per image, {}.\n\
         //!\n\
         //! {MARK}; write it again rather than change it.\n\n",
        grouped(config.parameters()),
        grouped(config.macs()),
        model.precision(),
    );
    text += &aligned("A blob", include);
    write!(
        text,
        "/// The blob: give it to `runtime::Model::{parse}`.\n\
         pub static BLOB: &[u8] = &ALIGNED.0;\n\n\
         /// Bytes of scratch memory that `run` needs.\n\
         pub const ARENA_LEN: usize = {};\n\n\
         /// Rows of an image.\n\
         pub const IMAGE_HEIGHT: usize = {};\n\n\
         /// Columns of an image.\n\
         pub const IMAGE_WIDTH: usize = {};\n\n\
         /// Bytes of an image: row, column, then red, green and blue.\n\
         pub const IMAGE_LEN: usize = {};\n\n\
         /// Name of every class, in the order of the logits.\n\
         pub const CLASS_NAMES: [&str; {}] = [{}];\n",
        model.arena_len(),
        image.height,
        image.width,
        image.len(),
        names.len(),
        names.join(", "),
    )
    .expect("a String takes any text");
    text
}

/// Source of the module at `module` for the index at `file`, which it includes by relative path. `labels` is the
/// number of its labels.
///
/// # Errors
/// As [`source`].
pub fn index_source(
    index: &Index<'_>,
    labels: usize,
    file: &Path,
    module: &Path,
) -> Result<String> {
    let include = include_path(file, module)?;
    let names = (0..labels).map(|label| {
        let name = u16::try_from(label).ok().and_then(|label| index.label_name(label));
        format!("{:?}", name.map_or_else(|| label.to_string(), str::to_owned))
    });
    let names: Vec<_> = names.collect();
    let mut text = format!(
        "{INDEX_START}{} pictures, for the network {:08x}.\n\
         //!\n\
         //! {MARK}; write it again rather than change it.\n\n",
        grouped(index.len() as u64),
        index.network(),
    );
    text += &aligned("An index", &include);
    write!(
        text,
        "/// The index: give it to `runtime::search::Index::parse`.\n\
         pub static INDEX: &[u8] = &ALIGNED.0;\n\n\
         /// The network that it belongs to: `runtime::search::Fingerprint::network`.\n\
         pub const NETWORK: u32 = 0x{:08x};\n\n\
         /// Number of entries.\n\
         pub const ENTRIES: usize = {};\n\n\
         /// Name of every label, in the order of their numbers.\n\
         pub const LABEL_NAMES: [&str; {}] = [{}];\n",
        index.network(),
        index.len(),
        names.len(),
        names.join(", "),
    )
    .context("a String takes any text")?;
    Ok(text)
}

/// The bytes of a file as a static.
fn aligned(what: &str, include: &str) -> String {
    format!(
        "/// {what} at an address that suits any processor.\n\
         #[repr(C, align(16))]\n\
         struct Aligned<T: ?Sized>(T);\n\n\
         static ALIGNED: &Aligned<[u8]> = &Aligned(*include_bytes!({include:?}));\n\n"
    )
}

/// Whether a file that begins with these bytes is the module of a blob, without anything that a user has added.
pub fn is_module(start: &[u8]) -> bool {
    is_unchanged(start, BLOB_START)
}

/// [`is_module`] for the module of an index.
pub fn is_index_module(start: &[u8]) -> bool {
    is_unchanged(start, INDEX_START)
}

fn is_unchanged(start: &[u8], first: &str) -> bool {
    let text = String::from_utf8_lossy(start);
    // The last line may be cut.
    let is_ours = |line: &str| {
        line.is_empty() || LINES.iter().any(|own| line.starts_with(own) || own.starts_with(line))
    };
    text.starts_with(first) && text.contains(MARK) && text.lines().all(is_ours)
}

/// The path of `blob`, relative to the directory of `module`, with forward slashes. `blob` need not exist.
///
/// # Errors
/// If a directory of the two paths does not exist or the relative path is not Unicode.
pub fn include_path(blob: &Path, module: &Path) -> Result<String> {
    let directory = |path: &Path| {
        let parent = output::directory_of(path);
        parent
            .canonicalize()
            .with_context(|| format!("cannot find {}: make it first", parent.display()))
    };
    let name = blob.file_name();
    let name = name.with_context(|| format!("{} is not the path of a file", blob.display()))?;
    let (blob, directory) = (directory(blob)?.join(name), directory(module)?);
    let shared = blob.components().zip(directory.components());
    let shared = shared.take_while(|(ours, theirs)| ours == theirs).count();
    let up = directory.components().skip(shared).map(|_| "..");
    let down = blob.components().skip(shared).map(|part| part.as_os_str().to_str());
    let parts: Option<Vec<_>> = up.map(Some).chain(down).collect();
    let parts = parts.with_context(|| {
        format!("the path of {} is not text: move it elsewhere", blob.display())
    })?;
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blob_is_found_from_the_module() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("firmware/src")).unwrap();
        let blob = root.join("firmware/model.bin");
        std::fs::write(&blob, "").unwrap();
        let from = |module: &str| include_path(&blob, &root.join(module)).unwrap();
        assert_eq!(from("firmware/model.rs"), "model.bin", "side by side");
        assert_eq!(from("firmware/src/model.rs"), "../model.bin", "one up");
        assert_eq!(from("model.rs"), "firmware/model.bin", "one down");
        let error = include_path(&blob, &root.join("none/model.rs")).unwrap_err().to_string();
        assert!(error.contains("none"), "{error}");
    }

    #[test]
    fn the_module_compiles_and_carries_the_blob() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/v1/tiny.bin");
        let bytes = std::fs::read(golden).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("model.bin"), &bytes).unwrap();
        let model = AnyModel::parse(&bytes).unwrap();
        let text = source(&model, &path("model.bin"), &path("model.rs")).unwrap();
        assert!(is_module(text.as_bytes()), "{text}");
        assert!(!is_index_module(text.as_bytes()), "not an index");
        for own in [format!("// my firmware\n{text}"), format!("{text}fn main() {{}}\n")] {
            assert!(!is_module(own.as_bytes()), "text of a user: {own}");
        }
        std::fs::write(path("model.rs"), &text).unwrap();
        std::fs::write(
            path("main.rs"),
            "mod model;\nfn main() {\n    assert!(model::BLOB.as_ptr() as usize % 16 == 0);\n    \
             print!(\"{} {} {}\", model::BLOB.len(), model::ARENA_LEN, model::CLASS_NAMES.len());\n}\n",
        )
        .unwrap();
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let compiled = std::process::Command::new(rustc)
            .current_dir(directory.path())
            .args(["--edition", "2024", "-A", "dead_code", "main.rs", "-o", "main"])
            .status()
            .unwrap();
        assert!(compiled.success(), "{text}");
        let output = std::process::Command::new(path("main")).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let (arena, classes) = (model.arena_len(), model.config().classes());
        assert_eq!(printed, format!("{} {arena} {classes}", bytes.len()), "what it carries");
    }
}
