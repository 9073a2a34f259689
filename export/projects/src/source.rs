//! The source of the runtime: in its repository, or copied into a project.

use crate::files::Files;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The folder of a project that a copy lies in.
pub(crate) const COPY: &str = "ocelli";

/// What a project needs of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The Rust crate.
    Runtime,
    /// The Rust crate and the C library.
    Library,
}

/// Where a project finds the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// An absolute path, with forward slashes.
    repository: String,
    copied: bool,
}

impl Source {
    /// The source in `repository`, or in the repository that this program was built from. If `copied`, a project
    /// gets a copy of it.
    ///
    /// # Errors
    /// If there is no such source.
    pub fn new(repository: Option<&Path>, copied: bool) -> Result<Self> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let path = repository.unwrap_or(&own);
        let repository = path.canonicalize().ok().filter(|path| path.join("runtime/c").is_dir());
        let repository = repository.with_context(|| {
            format!("the source of Ocelli is not in {}: name its directory", path.display())
        })?;
        let text = repository.to_str().map(|text| text.replace('\\', "/"));
        let repository = text.with_context(|| {
            format!("the path of {} is not text: move it elsewhere", repository.display())
        })?;
        Ok(Self { repository, copied })
    }

    /// Whether projects get a copy.
    pub const fn is_copied(&self) -> bool {
        self.copied
    }

    /// The directory of the source: below the project, or absolute.
    pub fn path(&self) -> String {
        if self.copied { COPY.to_owned() } else { self.repository.clone() }
    }

    /// Adds the copy to a project, below `folder`, if projects get one.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn add_to(&self, files: &mut Files, folder: &str, part: Part) -> Result<()> {
        if !self.copied {
            return Ok(());
        }
        let root = match folder {
            "" => COPY.to_owned(),
            folder => format!("{folder}/{COPY}"),
        };
        let mut add = |path: &str, bytes: Vec<u8>| files.add(format!("{root}/{path}"), bytes);
        add("Cargo.toml", workspace(&self.text("Cargo.toml")?).into());
        add("runtime/Cargo.toml", without_tests(&self.text("runtime/Cargo.toml")?).into());
        let mut paths = vec!["LICENSE-APACHE".to_owned(), "LICENSE-MIT".to_owned()];
        paths.push("runtime/build.rs".to_owned());
        self.list("runtime/src", &mut paths)?;
        self.list("runtime/docs", &mut paths)?;
        if part == Part::Library {
            paths.extend(["Cargo.toml", "Cargo.lock"].map(|name| format!("runtime/c/{name}")));
            self.list("runtime/c/src", &mut paths)?;
            self.list("runtime/c/include", &mut paths)?;
        }
        for path in paths {
            add(&path, self.bytes(&path)?);
        }
        Ok(())
    }

    /// The text of a file of the source.
    pub(crate) fn text(&self, path: &str) -> Result<String> {
        String::from_utf8(self.bytes(path)?).with_context(|| format!("{path} is not text"))
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let path = Path::new(&self.repository).join(path);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Adds the paths of the texts in a folder of the source, sorted, with those in its subfolders.
    fn list(&self, folder: &str, paths: &mut Vec<String>) -> Result<()> {
        let directory = Path::new(&self.repository).join(folder);
        let context = || format!("cannot read {}", directory.display());
        let mut entries = Vec::new();
        for entry in fs::read_dir(&directory).with_context(context)? {
            let entry = entry.with_context(context)?;
            let name = entry.file_name().into_string().ok();
            entries.extend(name.map(|name| (name, entry.path().is_dir())));
        }
        entries.sort();
        for (name, is_folder) in entries {
            let path = format!("{folder}/{name}");
            if is_folder {
                self.list(&path, paths)?;
            } else if [".rs", ".md", ".h"].iter().any(|ending| name.ends_with(ending)) {
                paths.push(path);
            }
        }
        Ok(())
    }
}

/// The manifest of the copy: of the repository's, what members inherit. Dependencies on its other crates are left out.
fn workspace(manifest: &str) -> String {
    let mut text = String::from(
        "[workspace]\nresolver = \"3\"\nmembers = [\"runtime\"]\nexclude = [\"runtime/c\"]\n",
    );
    for (header, lines) in sections(manifest) {
        if header.starts_with("[workspace.") {
            text.push('\n');
            let kept = lines.iter().filter(|line| !line.contains("{ path = "));
            kept.for_each(|line| text.extend([line, "\n"]));
        }
    }
    text
}

/// A manifest without what only tests and examples need.
fn without_tests(manifest: &str) -> String {
    let mut text = String::new();
    for (header, lines) in sections(manifest) {
        if header != "[dev-dependencies]" && header != "[[example]]" {
            lines.iter().for_each(|line| text.extend([line, "\n"]));
        }
    }
    text
}

/// The tables of a manifest: their headers and their lines, with the header. The comments above a header are left out.
fn sections(manifest: &str) -> Vec<(&str, Vec<&str>)> {
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') || sections.is_empty() {
            sections.push((line, Vec::new()));
        }
        if let Some((_, lines)) = sections.last_mut() {
            lines.push(line);
        }
    }
    for (_, lines) in &mut sections {
        let kept = lines.iter().rposition(|line| !line.is_empty() && !line.starts_with('#'));
        lines.truncate(kept.map_or(0, |last| last + 1));
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_cut_at_its_headers() {
        let manifest = "[workspace]\nmembers = []\n\n[workspace.package]\nversion = \"1\"\n\
                        [workspace.dependencies]\nkit = { path = \"kit\" }\nlibm = \"0.2\"\n\n# A comment.\n[profile.dev]\n";
        let cut = workspace(manifest);
        assert!(
            cut.ends_with("version = \"1\"\n\n[workspace.dependencies]\nlibm = \"0.2\"\n"),
            "{cut}"
        );
        let cut = without_tests("[package]\na\n[dev-dependencies]\nb\n[[example]]\nc\n[lints]\nd");
        assert_eq!(cut, "[package]\na\n[lints]\nd\n", "without tests");
    }

    #[test]
    fn a_copy_has_the_sources_and_nothing_else() {
        let mut files = Files::default();
        Source::new(None, true).unwrap().add_to(&mut files, "", Part::Library).unwrap();
        for path in ["runtime/src/lib.rs", "runtime/c/Cargo.lock", "runtime/docs/FORMAT.md"] {
            assert!(files.get(&format!("ocelli/{path}")).is_some(), "{path}");
        }
        let manifest = String::from_utf8_lossy(files.get("ocelli/runtime/Cargo.toml").unwrap());
        assert!(!manifest.contains("kit"), "{manifest}");
        assert!(!files.iter().any(|(path, _)| path.ends_with(".png")), "pictures");
        let mut none = Files::default();
        Source::new(None, false).unwrap().add_to(&mut none, "", Part::Library).unwrap();
        assert_eq!(none, Files::default(), "without a copy");
    }
}
