//! Looks for mistakes in a directory of pictures before a network is trained on it.

mod copies;
mod picture;

use std::path::Path;

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;

use super::counts::{MIN_PICTURES, enough};
use super::finding::{Finding, Severity};
use super::layout::{Layout, Role};
use crate::data::size::SIDE;
use picture::{Looked, Picture};

/// A class with fewer pictures is hard to learn.
const FEW_PICTURES: usize = 30;
/// If a class has more than this many times the pictures of another one, a network prefers it.
const IMBALANCE: usize = 3;
/// If one side is more than this many times as long as the other, most of the picture is outside its
/// centred square.
const LONG: u32 = 2;

/// Everything that was found in a directory of pictures.
#[derive(Debug, Serialize)]
pub struct FolderCheck {
    /// In the order of their labels.
    pub classes: Vec<ClassCheck>,
    /// Problems first, then warnings, then notes.
    pub findings: Vec<Finding>,
}

/// The pictures of a class.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ClassCheck {
    /// The name of its folder.
    pub name: String,
    /// Pictures that can be read.
    pub pictures: usize,
    /// The ones of them for validation. `None` if these have no folder of their own.
    pub validation_pictures: Option<usize>,
    /// The ones of them for the test. `None` if these have no folder of their own.
    pub test_pictures: Option<usize>,
    /// Width and height of the picture with the fewest pixels and of the one with the most.
    pub sizes: Option<[(u32, u32); 2]>,
}

/// A directory and the pictures in it.
struct Folder {
    layout: Layout,
    files: Vec<Looked>,
}

/// Reads every file that training would read, and reports mistakes. `progress` receives the number of files
/// read since the last call, and the total.
///
/// # Errors
/// If there are no folders of two classes to look at.
pub fn check(dir: &Path, progress: impl Fn(usize, usize) + Sync) -> Result<FolderCheck> {
    let folder = Folder::read(dir, &progress)?;
    let classes = folder.summaries();
    let mut findings = folder.layout.findings.clone();
    findings.extend(counts(&classes));
    findings.extend(imbalance(&classes));
    findings.extend(folder.broken());
    findings.extend(copies::find(&folder.layout, &folder.files));
    findings.extend(folder.shapes());
    findings.sort_by_key(|finding| finding.severity);
    Ok(FolderCheck { classes, findings })
}

impl FolderCheck {
    /// Findings of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

impl Folder {
    fn read(dir: &Path, progress: &(impl Fn(usize, usize) + Sync)) -> Result<Self> {
        let layout = Layout::find(dir)?;
        let total = layout.files.len();
        let look = |file: &super::layout::File| {
            let picture = Picture::read(&file.path).map_err(|fault| fault.to_string());
            progress(1, total);
            Looked { file: file.clone(), picture }
        };
        let files = layout.files.par_iter().map(look).collect();
        Ok(Self { layout, files })
    }

    /// The pictures that can be read.
    fn pictures(&self) -> impl Iterator<Item = (&Looked, &Picture)> {
        self.files.iter().filter_map(|looked| Some((looked, looked.picture.as_ref().ok()?)))
    }

    /// Counts and sizes of the pictures of each class.
    fn summaries(&self) -> Vec<ClassCheck> {
        let apart = |role| self.layout.has(role).then_some(0);
        let summary = |name: &String| ClassCheck {
            name: name.clone(),
            pictures: 0,
            validation_pictures: apart(Role::Validation),
            test_pictures: apart(Role::Test),
            sizes: None,
        };
        let mut classes = self.layout.classes.iter().map(summary).collect::<Vec<_>>();
        let pixels = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        for (Looked { file, .. }, picture) in self.pictures() {
            let class = &mut classes[usize::from(file.class)];
            class.pictures += 1;
            let part = match file.role {
                Role::Training => None,
                Role::Validation => class.validation_pictures.as_mut(),
                Role::Test => class.test_pictures.as_mut(),
            };
            if let Some(count) = part {
                *count += 1;
            }
            let [mut smallest, mut largest] = class.sizes.unwrap_or([picture.size; 2]);
            if pixels(picture.size) < pixels(smallest) {
                smallest = picture.size;
            }
            if pixels(picture.size) > pixels(largest) {
                largest = picture.size;
            }
            class.sizes = Some([smallest, largest]);
        }
        classes
    }

    fn broken(&self) -> Option<Finding> {
        let reason = |looked: &Looked| {
            let reason = looked.picture.as_ref().err()?;
            Some(format!("{} {}", self.layout.name(&looked.file.path), reason.trim_end()))
        };
        let files = self.files.iter().filter_map(reason).collect::<Vec<_>>();
        Finding::unusable(files)
    }

    fn shapes(&self) -> impl Iterator<Item = Finding> {
        let those = |wrong: fn((u32, u32)) -> bool| {
            self.pictures()
                .filter(|(_, picture)| wrong(picture.size))
                .map(|(looked, Picture { size: (width, height), .. })| {
                    format!("{}: {width} x {height}", self.layout.name(&looked.file.path))
                })
                .collect::<Vec<_>>()
        };
        let small = those(|(width, height)| (width.min(height) as usize) < SIDE);
        let long = those(|(width, height)| width.max(height) > LONG * width.min(height));
        let enlarged = format!("pictures smaller than {SIDE} x {SIDE}, which will be enlarged");
        let cut = format!(
            "pictures more than {LONG} times as long as wide: only the square in the middle is used"
        );
        let about = |message: &str, files| Finding::about(Severity::Warning, message, files);
        about(&enlarged, small).into_iter().chain(about(&cut, long))
    }
}

/// Classes with too few pictures to train, and classes with few.
fn counts(classes: &[ClassCheck]) -> impl Iterator<Item = Finding> {
    let (mut missing, mut few) = (Vec::new(), Vec::new());
    for ClassCheck { name, pictures, validation_pictures, test_pictures, .. } in classes {
        // Without a folder of test pictures, training takes at least one for the test.
        let test = test_pictures.unwrap_or(usize::from(*pictures > 0));
        let train = pictures - test - validation_pictures.unwrap_or(0);
        let parts = [("validation", validation_pictures), ("test", test_pictures)];
        let parts = parts.into_iter().filter_map(|(part, count)| Some((part, (*count)?)));
        let parts = parts.map(|(part, count)| format!(", {count} of them for {part}"));
        let line = format!("{name}: {pictures}{}", parts.collect::<String>());
        if !enough(train, test, validation_pictures.is_some()) {
            missing.push(line);
        } else if *pictures < FEW_PICTURES {
            few.push(line);
        }
    }
    let too_few = format!(
        "classes with too few pictures that can be read; each needs at least {MIN_PICTURES}, one for the test and \
         two for training"
    );
    let not_many =
        format!("classes with few pictures: give each at least {FEW_PICTURES} if you can");
    let missing = Finding::about(Severity::Problem, &too_few, missing);
    missing.into_iter().chain(Finding::about(Severity::Warning, &not_many, few))
}

fn imbalance(classes: &[ClassCheck]) -> Option<Finding> {
    let few = classes.iter().min_by_key(|class| class.pictures)?;
    let many = classes.iter().max_by_key(|class| class.pictures)?;
    if many.pictures <= IMBALANCE * few.pictures {
        return None;
    }
    let message = format!(
        "class {} has {} pictures and class {} has {}: a network learns to prefer the larger class; add \
         pictures of class {}",
        many.name, many.pictures, few.name, few.pictures, few.name
    );
    Some(Finding { severity: Severity::Warning, message, files: Vec::new() })
}

#[cfg(test)]
mod tests;
