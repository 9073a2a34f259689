//! How a directory of pictures is laid out: its classes, and the pictures for training, validation and
//! test.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use pictures::{LeftOut, Listing, Reason, looks_like_picture, shown, shown_path};

use super::finding::{Finding, Severity};
use super::hints;

/// What pictures are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Training,
    Validation,
    Test,
}

/// Folders with these names, in upper or lower case, have a role if they hold folders of classes.
const ROLES: [(&str, Role); 8] = [
    ("train", Role::Training),
    ("training", Role::Training),
    ("val", Role::Validation),
    ("valid", Role::Validation),
    ("validation", Role::Validation),
    ("dev", Role::Validation),
    ("test", Role::Test),
    ("testing", Role::Test),
];

/// A file in the folder of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) class: u16,
    pub(super) role: Role,
}

/// Classes and files of a directory, before any file is read.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) dir: PathBuf,
    /// Names of the folders in alphabetical order.
    pub(super) classes: Vec<String>,
    pub(super) files: Vec<File>,
    /// The roles that have a folder of their own.
    pub(super) apart: Vec<Role>,
    pub(super) findings: Vec<Finding>,
}

/// What is left out, by reason.
#[derive(Default)]
struct LeftOuts {
    rubbish: Vec<String>,
    outputs: Vec<String>,
    links: Vec<String>,
    devices: Vec<String>,
    outside: Vec<String>,
    inner: Vec<String>,
}

impl Layout {
    /// Finds `dir/CLASS/…`, or `dir/train/CLASS/…` beside `dir/val/CLASS/…` and `dir/test/CLASS/…`.
    pub(super) fn find(dir: &Path) -> Result<Self> {
        let listing = list(dir)?;
        let mut layout = Self {
            dir: dir.to_owned(),
            classes: Vec::new(),
            files: Vec::new(),
            apart: Vec::new(),
            findings: Vec::new(),
        };
        let mut left = LeftOuts::default();
        let parts = layout.parts(&listing)?;
        left.take(&layout, &listing);
        if parts.is_empty() {
            layout.name_classes(dir, &listing)?;
            layout.add_classes(Role::Training, listing.folders, &mut left)?;
        } else {
            for (role, part) in parts {
                let listing = list(&part)?;
                left.take(&layout, &listing);
                if role == Role::Training {
                    layout.name_classes(&part, &listing)?;
                }
                let known = layout.known(role, &part, listing.folders);
                layout.add_classes(role, known, &mut left)?;
                layout.apart.push(role);
            }
        }
        layout.findings.extend(left.findings());
        layout.findings.sort_by_key(|finding| finding.severity);
        Ok(layout)
    }

    /// Whether a role has a folder of its own.
    pub(super) fn has(&self, role: Role) -> bool {
        self.apart.contains(&role)
    }

    /// A path within the directory, safe to print.
    pub(super) fn name(&self, path: &Path) -> String {
        shown_path(path.strip_prefix(&self.dir).unwrap_or(path))
    }

    /// The folders with a role, in the order of the roles; none if the folders are classes.
    fn parts(&mut self, listing: &Listing) -> Result<Vec<(Role, PathBuf)>> {
        let dir = shown_path(&self.dir);
        let (mut parts, mut flat, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for path in &listing.folders {
            let inside = list(path)?;
            match role(path) {
                Some(role) if !inside.folders.is_empty() => parts.push((role, path.clone())),
                Some(_) if inside.pictures().next().is_some() => flat.push((path, inside)),
                _ => others.push(path.clone()),
            }
        }
        parts.sort_by_key(|part| part.0);
        if !parts.iter().any(|part| part.0 == Role::Training) {
            if let [(_, one), ..] = parts.as_slice() {
                bail!(
                    "{dir} has a folder {} with folders of classes, but no such folder for training: call that \
                     one train",
                    self.name(one)
                );
            }
            if flat.len() > 1 && others.is_empty() {
                bail!(hints::flat_parts(&self.dir, &flat));
            }
            return Ok(Vec::new());
        }
        for pair in parts.windows(2) {
            let [(role, one), (other_role, other)] = pair else { continue };
            ensure!(
                role != other_role,
                "{dir} has two folders with the same role, {} and {}: put their pictures together, or move one \
                 away",
                self.name(one),
                self.name(other)
            );
        }
        let names = |paths: Vec<PathBuf>| paths.iter().map(|path| self.name(path)).collect();
        let flat = flat.into_iter().map(|(path, _)| path.clone()).collect();
        let mut findings = Vec::new();
        findings.extend(Finding::about(
            Severity::Warning,
            "folders with pictures that are in no folder of a class, which are left out",
            names(flat),
        ));
        findings.extend(Finding::about(
            Severity::Warning,
            "folders beside the one for training, which are left out",
            names(others),
        ));
        let have = |role| parts.iter().any(|part| part.0 == role);
        if !have(Role::Test) {
            findings.push(Finding {
                severity: Severity::Note,
                message: "no folder test has folders of classes: about a tenth of the pictures for training \
                          become test images"
                    .into(),
                files: Vec::new(),
            });
        }
        self.findings.extend(findings);
        Ok(parts)
    }

    /// Takes the names of the classes from the folders for training.
    fn name_classes(&mut self, dir: &Path, listing: &Listing) -> Result<()> {
        for LeftOut { path, reason } in &listing.left_out {
            if let (Reason::BrokenLink { target }, false) = (reason, looks_like_picture(path)) {
                bail!(
                    "{} is a link to {}, which does not exist: connect its disk, or remove the link",
                    shown_path(path),
                    shown_path(target)
                );
            }
        }
        hints::check(dir, listing)?;
        for path in &listing.folders {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.with_context(|| {
                format!("the name of {} is not text: rename the folder", shown_path(path))
            })?;
            ensure!(
                shown(name) == name,
                "the name of {} contains control characters: rename the folder",
                shown_path(path)
            );
            self.classes.push(name.to_owned());
        }
        Ok(())
    }

    /// The folders of known classes. Other folders and missing ones become findings.
    fn known(&mut self, role: Role, part: &Path, folders: Vec<PathBuf>) -> Vec<PathBuf> {
        let name =
            |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let is_class = |path: &PathBuf| name(path).is_some_and(|name| self.classes.contains(&name));
        let (known, unknown): (Vec<_>, Vec<_>) = folders.into_iter().partition(is_class);
        let has = |class: &&String| known.iter().any(|path| name(path).as_ref() == Some(*class));
        let missing = self.classes.iter().filter(|class| !has(class));
        let missing = missing.map(|class| self.name(&part.join(class))).collect();
        let severity = if role == Role::Test { Severity::Problem } else { Severity::Warning };
        let mut findings = Vec::new();
        findings.extend(Finding::about(severity, "folders of classes that are missing", missing));
        findings.extend(Finding::about(
            Severity::Warning,
            "folders that are not a class of the pictures for training, which are left out",
            unknown.iter().map(|path| self.name(path)).collect(),
        ));
        self.findings.extend(findings);
        known
    }

    /// Adds the files of folders that are classes.
    fn add_classes(
        &mut self,
        role: Role,
        folders: Vec<PathBuf>,
        left: &mut LeftOuts,
    ) -> Result<()> {
        let mut unusable = Vec::new();
        for folder in folders {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
            let class = self.classes.iter().position(|class| Some(class) == name.as_ref());
            let class = u16::try_from(class.unwrap_or(usize::MAX));
            let class = class.context("there are more than 65,536 folders")?;
            let listing = list(&folder)?;
            left.take_class(self, &listing);
            if listing.files.is_empty() {
                unusable.push(format!("{}: {}", self.name(&folder), hints::emptiness(&listing)));
            }
            self.files.extend(listing.files.into_iter().map(|path| File { path, class, role }));
        }
        let severity = if role == Role::Validation { Severity::Warning } else { Severity::Problem };
        let message = "folders of classes without a picture";
        self.findings.extend(Finding::about(severity, message, unusable));
        Ok(())
    }
}

impl LeftOuts {
    /// Notes the entries of a folder that are not folders.
    fn take(&mut self, layout: &Layout, listing: &Listing) {
        self.take_others(layout, listing);
        // Only pictures: a run also writes other files into the current directory.
        self.outside.extend(listing.pictures().map(|path| layout.name(path)));
    }

    /// Notes the entries of the folder of a class that are not files.
    fn take_class(&mut self, layout: &Layout, listing: &Listing) {
        self.take_others(layout, listing);
        self.inner.extend(listing.folders.iter().map(|path| layout.name(path)));
    }

    fn take_others(&mut self, layout: &Layout, listing: &Listing) {
        for LeftOut { path, reason } in &listing.left_out {
            let name = layout.name(path);
            match reason {
                Reason::Rubbish => self.rubbish.push(name),
                Reason::Output => self.outputs.push(name),
                Reason::Device => self.devices.push(name),
                Reason::BrokenLink { target } => {
                    self.links.push(format!("{name} -> {}", shown_path(target)));
                }
            }
        }
    }

    fn findings(self) -> Vec<Finding> {
        let about = Finding::about;
        [
            about(
                Severity::Warning,
                "links to files that do not exist, which are left out",
                self.links,
            ),
            about(
                Severity::Warning,
                "pictures outside the folders of the classes, which are left out",
                self.outside,
            ),
            about(
                Severity::Warning,
                "folders inside the folders of classes, which are left out: move their pictures up",
                self.inner,
            ),
            about(
                Severity::Warning,
                "entries that are neither files nor folders, which are left out",
                self.devices,
            ),
            about(
                Severity::Note,
                "folders that these programs wrote, which are left out",
                self.outputs,
            ),
            about(
                Severity::Note,
                "hidden files and files that other programs left, which are left out",
                self.rubbish,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The role that the name of a folder stands for.
fn role(path: &Path) -> Option<Role> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    ROLES.iter().find(|(word, _)| *word == name).map(|(_, role)| *role)
}

fn list(dir: &Path) -> Result<Listing> {
    Listing::read(dir).map_err(|error| {
        let remedy = match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => "give a directory of pictures",
            _ => "make it readable, or move it away",
        };
        anyhow::Error::new(error).context(format!("cannot read {}: {remedy}", shown_path(dir)))
    })
}

#[cfg(test)]
mod tests;
