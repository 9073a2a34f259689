//! Messages for layouts that are not understood, with the step that would help.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use pictures::{Listing, Reason, shown, shown_path};

/// Names that a message lists; more are counted.
const NAMED: usize = 6;

/// Refuses folders that cannot be the folders of two classes.
pub(super) fn check(dir: &Path, listing: &Listing) -> Result<()> {
    let shown_dir = shown_path(dir);
    let inner = |path: &PathBuf| deeper(path);
    match listing.folders.as_slice() {
        [] if listing.pictures().next().is_some() => bail!(flat(dir, listing)),
        [] => bail!(
            "{shown_dir} has no folders: put the pictures of each class into a folder of its own, such as {}",
            shown_path(&dir.join("cat"))
        ),
        [first, _, ..] if listing.folders.iter().all(|path| only_folder(path).is_some()) => bail!(
            "{shown_dir} has no pictures in {}, but in the one folder inside each: move them up, such as from {} \
             to {}",
            names(&listing.folders),
            shown_path(&only_folder(first).unwrap_or_default()),
            shown_path(first)
        ),
        folders if folders.iter().all(|path| inner(path).is_some()) => bail!(
            "{shown_dir} has no pictures in {}, but in folders inside: the classes seem to be one level deeper, \
             try {}",
            names(folders),
            shown_path(&folders[0])
        ),
        [one] => bail!(
            "{shown_dir} has one class, {}: put the pictures of another class, or of everything else, into a \
             second folder",
            name(one)
        ),
        _ => Ok(()),
    }
}

/// What to do about pictures for training and test that no folder of a class holds.
pub(super) fn flat_parts(dir: &Path, parts: &[(&PathBuf, Listing)]) -> String {
    let folders = parts.iter().map(|(path, _)| (*path).clone()).collect::<Vec<_>>();
    let labels = parts.iter().find_map(|(_, listing)| prefixes(listing));
    format!(
        "the pictures in {} of {} are in no folders of classes: make a folder for each class, such as {}, and move \
         its pictures there{}{}",
        names(&folders),
        shown_path(dir),
        shown_path(
            &folders[folders.len() - 1].join(labels.as_ref().map_or("cat", |labels| &labels[0]))
        ),
        labels.map_or(String::new(), |labels| begins_with(&labels)),
        Listing::read(dir).map_or(String::new(), |listing| table(&listing)),
    )
}

/// Why the folder of a class has no file, for a message that begins with its name.
pub(super) fn emptiness(listing: &Listing) -> &'static str {
    let is_link = |reason: &Reason| matches!(reason, Reason::BrokenLink { .. });
    if !listing.folders.is_empty() {
        "its pictures are in folders inside, so move them up"
    } else if listing.left_out.iter().any(|entry| is_link(&entry.reason)) {
        "it has only links to files that do not exist"
    } else {
        "it is empty, so fill it or remove it"
    }
}

/// What to do about pictures without folders.
fn flat(dir: &Path, listing: &Listing) -> String {
    let count = listing.pictures().count();
    let labels = prefixes(listing);
    let example = labels.as_ref().map_or("cat", |labels| &labels[0]);
    let mut text = format!(
        "{} has {count} pictures but no folders: make a folder for each class, such as {}, and move its pictures \
         there",
        shown_path(dir),
        shown_path(&dir.join(example))
    );
    if let Some(labels) = &labels {
        text += &begins_with(labels);
    }
    text += &table(listing);
    let parent = dir.canonicalize().ok().and_then(|dir| Some(dir.parent()?.to_owned()));
    let siblings = parent.as_deref().and_then(|parent| Listing::read(parent).ok());
    let holds = |path: &&PathBuf| has_pictures(path);
    let siblings = siblings.map_or(0, |siblings| siblings.folders.iter().filter(holds).count());
    if let (Some(parent), true) = (parent, siblings > 1) {
        text +=
            &format!("; or give {}, which has {siblings} folders of pictures", shown_path(&parent));
    }
    text
}

fn begins_with(labels: &[String]) -> String {
    let named = labels.iter().take(NAMED).map(|label| shown(label)).collect::<Vec<_>>();
    format!("; their names begin with {}", named.join(", "))
}

/// A table in the folder of the pictures that may have their labels.
fn table(listing: &Listing) -> String {
    let is_table =
        |path: &&PathBuf| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let table = listing.files.iter().find(is_table);
    table.map_or(String::new(), |path| format!("; {} may have the class of each", name(path)))
}

/// The words that the names of pictures begin with, as in `cat.17.jpg`, if a few words begin them all.
fn prefixes(listing: &Listing) -> Option<Vec<String>> {
    let (mut words, mut count) = (BTreeSet::new(), 0);
    for path in listing.pictures() {
        let name = path.file_stem()?.to_str()?;
        let word = name.trim_end_matches(|letter: char| !letter.is_alphabetic());
        // A number must follow. Otherwise each name could be its own word.
        if word.is_empty() || word.len() == name.len() {
            return None;
        }
        words.insert(word.to_owned());
        count += 1;
    }
    (words.len() > 1 && words.len() * 3 <= count).then(|| words.into_iter().collect())
}

/// Whether a folder has folders with pictures, but no pictures.
fn deeper(dir: &Path) -> Option<()> {
    let listing = Listing::read(dir).ok()?;
    let inside = listing.folders.iter().any(|path| {
        has_pictures(path)
            || Listing::read(path)
                .is_ok_and(|inner| inner.folders.iter().any(|path| has_pictures(path)))
    });
    (listing.pictures().next().is_none() && inside).then_some(())
}

/// The folder with pictures in a folder that holds neither pictures nor other folders.
fn only_folder(dir: &Path) -> Option<PathBuf> {
    let listing = Listing::read(dir).ok()?;
    let [one] = listing.folders.as_slice() else { return None };
    (listing.pictures().next().is_none() && has_pictures(one)).then(|| one.clone())
}

fn has_pictures(dir: &Path) -> bool {
    Listing::read(dir).is_ok_and(|listing| listing.pictures().next().is_some())
}

fn names(paths: &[PathBuf]) -> String {
    let named = paths.iter().take(NAMED).map(|path| name(path)).collect::<Vec<_>>().join(", ");
    match paths.len().checked_sub(NAMED + 1) {
        Some(more) => format!("{named} and {} more", more + 1),
        None => named,
    }
}

fn name(path: &Path) -> String {
    path.file_name().map_or(String::new(), |name| shown_path(Path::new(name)))
}
