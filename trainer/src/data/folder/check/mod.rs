//! Looks for mistakes in a directory of pictures before a network is trained on it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::fit;
use super::listing::{MIN_PICTURES, Pictures, classes, enough, entries};
use crate::data::cifar10::SIDE;

/// A class with fewer pictures than this is hard to learn.
const FEW_PICTURES: usize = 30;
/// If a class has more than this many times the pictures of another one, a network prefers it.
const IMBALANCE: usize = 3;
/// If one side is more than this many times as long as the other, most of the picture is outside the
/// square in its middle.
const ASPECT_RATIO: u32 = 2;

/// Everything that was found in a directory of pictures.
#[derive(Debug, Serialize)]
pub struct FolderCheck {
    /// The classes in the order of their labels.
    pub classes: Vec<ClassCheck>,
    /// Problems first, then warnings.
    pub findings: Vec<Finding>,
}

/// The pictures of a class.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ClassCheck {
    /// The name of its folder.
    pub name: String,
    /// Pictures that can be read.
    pub pictures: usize,
    /// Number of them in the folder `test`. `None` if the directory has no folders `train` and `test`.
    pub test_pictures: Option<usize>,
    /// Width and height of the picture with the fewest pixels, then of the one with the most. `None` if no
    /// picture can be read.
    pub sizes: Option<[(u32, u32); 2]>,
}

/// A mistake, or something that may be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was found, and what to do.
    pub message: String,
    /// The files that it is about. Copies of one picture are in one entry.
    pub files: Vec<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Training would refuse the directory, or its accuracy would be wrong.
    Problem,
    /// Training works, but the network may be worse.
    Warning,
}

/// A file in a class's folder.
struct File {
    path: PathBuf,
    class: usize,
    /// Whether it is in the folder `test`.
    test: bool,
    picture: Result<Picture, String>,
}

struct Picture {
    size: (u32, u32),
    /// SHA-256 of size and pixels. Copies in another file format have the same digest.
    digest: [u8; 32],
}

/// A directory and the pictures in it.
struct Folder<'a> {
    dir: &'a Path,
    classes: Vec<String>,
    /// Whether the directory has the folders `train` and `test`.
    divided: bool,
    files: Vec<File>,
}

/// Reads every file of `dir/CLASS/…`, or of `dir/train/CLASS/…` and `dir/test/CLASS/…`, and reports
/// mistakes. `progress` receives the number of files read since the last call, and the total.
///
/// # Errors
/// If the directory has fewer than two folders of classes, or cannot be read.
pub fn check(dir: &Path, progress: impl Fn(usize, usize) + Sync) -> Result<FolderCheck> {
    let folder = Folder::read(dir, &progress)?;
    let mut findings = folder.strays()?;
    findings.extend(folder.missing_test_classes()?);
    findings.extend(folder.counts());
    findings.extend(folder.imbalance());
    findings.extend(folder.broken());
    findings.extend(folder.copies());
    findings.extend(folder.shapes());
    findings.sort_by_key(|finding| finding.severity);
    let classes = (0..folder.classes.len()).map(|class| folder.summary(class)).collect();
    Ok(FolderCheck { classes, findings })
}

impl FolderCheck {
    /// Findings of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

impl<'a> Folder<'a> {
    fn read(dir: &'a Path, progress: &(impl Fn(usize, usize) + Sync)) -> Result<Self> {
        let divided = dir.join("train").is_dir() && dir.join("test").is_dir();
        let train = if divided { dir.join("train") } else { dir.to_owned() };
        let classes = classes(&train)?;
        let mut listed = Vec::new();
        for (dir, test) in [(train, false), (dir.join("test"), true)] {
            if test && !divided {
                break;
            }
            let exists = |class: &&String| dir.join(class).is_dir();
            for (label, class) in classes.iter().enumerate().filter(|(_, class)| exists(class)) {
                let pictures = Pictures::list(&dir, std::slice::from_ref(class))?;
                listed.extend(pictures.files.into_iter().map(|(path, _)| (path, label, test)));
            }
        }
        let total = listed.len();
        let files = listed.into_par_iter().map(|(path, class, test)| {
            let picture = Picture::read(&path);
            progress(1, total);
            File { path, class, test, picture }
        });
        let files = files.collect();
        Ok(Self { dir, classes, divided, files })
    }

    /// The pictures that can be read.
    fn pictures(&self) -> impl Iterator<Item = (&File, &Picture)> {
        self.files.iter().filter_map(|file| Some((file, file.picture.as_ref().ok()?)))
    }

    /// `path` relative to the directory.
    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.dir).unwrap_or(path).display().to_string()
    }

    fn summary(&self, class: usize) -> ClassCheck {
        let own = || self.pictures().filter(|(file, _)| file.class == class);
        let sizes = || own().map(|(_, picture)| picture.size);
        let pixels = |&(width, height): &(u32, u32)| u64::from(width) * u64::from(height);
        let (smallest, largest) = (sizes().min_by_key(pixels), sizes().max_by_key(pixels));
        ClassCheck {
            name: self.classes[class].clone(),
            pictures: own().count(),
            test_pictures: self.divided.then(|| own().filter(|(file, _)| file.test).count()),
            sizes: smallest.zip(largest).map(|(smallest, largest)| [smallest, largest]),
        }
    }

    /// Files and folders that training does not read.
    fn strays(&self) -> Result<Vec<Finding>> {
        let parts = if self.divided { &["train", "test"][..] } else { &[""] };
        let mut strays = Vec::new();
        for part in parts.iter().map(|part| self.dir.join(part)) {
            strays.extend(entries(&part)?.into_iter().filter(|path| path.is_file()));
            for class in
                self.classes.iter().map(|class| part.join(class)).filter(|dir| dir.is_dir())
            {
                strays.extend(entries(&class)?.into_iter().filter(|path| path.is_dir()));
            }
        }
        let message =
            "training does not read these: put each picture directly into the folder of its class";
        Ok(self.about(Severity::Warning, message.to_owned(), &strays))
    }

    /// Classes that are missing in `train` or in `test`.
    fn missing_test_classes(&self) -> Result<Vec<Finding>> {
        if !self.divided {
            return Ok(Vec::new());
        }
        let test = self.dir.join("test");
        let lacks = |class: &&String| !test.join(class).is_dir();
        let missing =
            self.classes.iter().filter(lacks).map(|class| self.dir.join("train").join(class));
        let missing = missing.collect::<Vec<_>>();
        let known = |path: &PathBuf| {
            path.file_name()
                .is_some_and(|name| self.classes.iter().any(|class| name == class.as_str()))
        };
        let unknown = entries(&test)?.into_iter().filter(|path| path.is_dir() && !known(path));
        let message = "these classes have no folder in `test`: add one with test pictures";
        let mut findings = self.about(Severity::Problem, message.to_owned(), &missing);
        let message =
            "`train` has no folder of the same name, so these folders of `test` are not read";
        findings.extend(self.about(
            Severity::Warning,
            message.to_owned(),
            &unknown.collect::<Vec<_>>(),
        ));
        Ok(findings)
    }

    fn counts(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for class in 0..self.classes.len() {
            let ClassCheck { name, pictures, test_pictures, .. } = self.summary(class);
            // Without the folder `test`, training keeps at least one picture of each class for the test.
            let to_test = test_pictures.unwrap_or(pictures.min(1));
            let severity = if !enough(pictures - to_test, to_test) {
                Severity::Problem
            } else if pictures < FEW_PICTURES {
                Severity::Warning
            } else {
                continue;
            };
            let test = test_pictures
                .map_or(String::new(), |test| format!(", {test} of them for the test"));
            let message = format!(
                "class {name} has {pictures} pictures that can be read{test}: it needs at least {MIN_PICTURES}, one \
                 for the test and two for training; with {FEW_PICTURES} or more, a network learns it better"
            );
            findings.push(Finding { severity, message, files: Vec::new() });
        }
        findings
    }

    fn imbalance(&self) -> Vec<Finding> {
        let classes = (0..self.classes.len()).map(|class| self.summary(class)).collect::<Vec<_>>();
        let few = classes.iter().min_by_key(|class| class.pictures);
        let many = classes.iter().max_by_key(|class| class.pictures);
        let Some((few, many)) = few.zip(many) else { return Vec::new() };
        if many.pictures <= IMBALANCE * few.pictures {
            return Vec::new();
        }
        let message = format!(
            "class {} has {} pictures and class {} has {}: a network learns to prefer the larger \
             class; add pictures of class {}",
            many.name, many.pictures, few.name, few.pictures, few.name
        );
        vec![Finding { severity: Severity::Warning, message, files: Vec::new() }]
    }

    fn broken(&self) -> Vec<Finding> {
        let reason = |file: &File| {
            let reason = file.picture.as_ref().err()?;
            Some(format!("{}: {}", self.name(&file.path), reason.trim_end()))
        };
        let files = self.files.iter().filter_map(reason).collect::<Vec<_>>();
        let message = "files that cannot be read as pictures and are skipped";
        finding(Severity::Warning, counted(message, &files), files)
    }

    /// Files that hold the same picture.
    fn copies(&self) -> Vec<Finding> {
        let mut groups = HashMap::<[u8; 32], Vec<&File>>::new();
        for (file, picture) in self.pictures() {
            groups.entry(picture.digest).or_default().push(file);
        }
        let mut groups = groups.into_values().filter(|group| group.len() > 1).collect::<Vec<_>>();
        groups.sort_by_key(|group| &group[0].path);
        let differ = |group: &[&File], of: fn(&File) -> usize| {
            group.iter().any(|file| of(file) != of(group[0]))
        };
        let (mut classes, mut parts, mut same) = (Vec::new(), Vec::new(), Vec::new());
        for group in groups {
            let names = group.iter().map(|file| self.name(&file.path)).collect::<Vec<_>>();
            let list = if differ(&group, |file| file.class) {
                &mut classes
            } else if differ(&group, |file| file.test.into()) {
                &mut parts
            } else {
                &mut same
            };
            list.push(names.join(" = "));
        }
        let of_classes =
            "pictures that are in more than one class, although at most one class can be right";
        let of_parts = "pictures that are in the training folder and in the test folder: the accuracy would be too high";
        let of_class = "pictures that occur more than once in their class: if one copy is \
                        in the test and one in training, the accuracy is too high";
        [
            finding(Severity::Problem, counted(of_classes, &classes), classes),
            finding(Severity::Problem, counted(of_parts, &parts), parts),
            finding(Severity::Warning, counted(of_class, &same), same),
        ]
        .concat()
    }

    fn shapes(&self) -> Vec<Finding> {
        let with_size = |wrong: fn((u32, u32)) -> bool| {
            self.pictures()
                .filter(|(_, picture)| wrong(picture.size))
                .map(|(file, Picture { size: (width, height), .. })| {
                    format!("{}: {width} x {height}", self.name(&file.path))
                })
                .collect::<Vec<_>>()
        };
        let small = with_size(|(width, height)| (width.min(height) as usize) < SIDE);
        let long =
            with_size(|(width, height)| width.max(height) > ASPECT_RATIO * width.min(height));
        let enlarged =
            format!("pictures with a side of less than {SIDE} pixels, which are enlarged");
        let cut = format!(
            "pictures with a side more than {ASPECT_RATIO} times as long as the other: only the square in the middle is \
             used"
        );
        [
            finding(Severity::Warning, counted(&enlarged, &small), small),
            finding(Severity::Warning, counted(&cut, &long), long),
        ]
        .concat()
    }

    /// A finding about `paths`, if there are any.
    fn about(&self, severity: Severity, message: String, paths: &[PathBuf]) -> Vec<Finding> {
        finding(severity, message, paths.iter().map(|path| self.name(path)).collect())
    }
}

impl Picture {
    fn read(path: &Path) -> Result<Self, String> {
        let picture = fit::upright(path).map_err(|error| error.to_string())?;
        let size = picture.dimensions();
        let mut digest = Sha256::new();
        digest.update(size.0.to_le_bytes());
        digest.update(picture.as_raw());
        Ok(Self { size, digest: digest.finalize().into() })
    }
}

/// The message with the number of files.
fn counted(message: &str, files: &[String]) -> String {
    format!("{message}: {}", files.len())
}

/// A finding about `files`, if there are any.
fn finding(severity: Severity, message: String, files: Vec<String>) -> Vec<Finding> {
    if files.is_empty() { Vec::new() } else { vec![Finding { severity, message, files }] }
}

#[cfg(test)]
mod tests;
