//! Directories with several files, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::check::{Replaces, check_directory};
use crate::{directory_of, remedy, temporary, write_all};

/// Refuses a directory that [`write_directory`] would not write to. `files` are relative paths.
///
/// # Errors
/// As [`check_directory`]. With [`Replaces::Nothing`], also if the directory has any contents.
pub fn check_new_directory(directory: &Path, files: &[&str], replaces: Replaces) -> Result<()> {
    if matches!(replaces, Replaces::Nothing) {
        ensure!(
            is_empty(directory),
            "{} is not empty: give another directory, or replace files of the same names with --overwrite",
            directory.display()
        );
    }
    let parents = files.iter().filter_map(|file| Path::new(file).parent());
    for parent in parents {
        for above in parent.ancestors().filter(|path| !path.as_os_str().is_empty()) {
            let above = directory.join(above);
            ensure!(
                !above.exists() || above.is_dir(),
                "cannot write to {}: it is not a directory",
                above.display()
            );
        }
    }
    // A file in a folder that is missing comes to a new place.
    let in_folders = |file: &&&str| directory.join(file).parent().is_some_and(Path::is_dir);
    let files: Vec<&str> = files.iter().filter(in_folders).copied().collect();
    check_directory(directory, &files, replaces)
}

/// Writes a directory with files at relative paths. A directory that is missing or empty appears whole, or not at
/// all. In another one the files are written as by [`write_all`], and other files stay.
///
/// # Errors
/// If a file cannot be written. A directory that was missing or empty is then unchanged.
pub fn write_directory<'a>(
    directory: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<()> {
    let mut files = files.into_iter();
    if is_empty(directory) {
        return write_new(directory, &mut files).map_err(|error| {
            let message = format!("cannot write {}: {}", directory.display(), remedy(error.kind()));
            anyhow::Error::new(error).context(message)
        });
    }
    let files: Vec<_> = files.collect();
    for (path, _) in &files {
        let path = directory.join(path);
        let above = directory_of(&path);
        fs::create_dir_all(above).with_context(|| format!("cannot create {}", above.display()))?;
    }
    write_all(directory, &files)
}

/// Writes into a temporary directory beside it, which then takes its place.
fn write_new<'a>(
    directory: &Path,
    files: &mut dyn Iterator<Item = (&'a str, &'a [u8])>,
) -> io::Result<()> {
    let beside = directory_of(directory);
    fs::create_dir_all(beside)?;
    let place = if directory.exists() { directory.canonicalize()? } else { directory.to_owned() };
    let temporary = temporary::create_directory(directory_of(&place))?;
    for (path, bytes) in files {
        let path = temporary.path().join(path);
        fs::create_dir_all(directory_of(&path))?;
        let mut file = File::create(&path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    if place.exists() {
        fs::remove_dir(&place)?;
    }
    temporary.keep_as(&place)
}

/// Whether a directory is missing or has no contents.
fn is_empty(directory: &Path) -> bool {
    match directory.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !directory.exists() && !directory.is_symlink(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, &[u8]); 2] = [("a.txt", b"a"), ("folder/b.txt", b"b")];

    fn names(directory: &Path) -> Vec<String> {
        let entries = directory.read_dir().unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_directory_appears_with_all_its_files() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("empty")).unwrap();
        for name in ["new", "above/new", "empty"] {
            let directory = root.path().join(name);
            check_new_directory(&directory, &FILES.map(|(path, _)| path), Replaces::Nothing)
                .unwrap();
            write_directory(&directory, FILES).unwrap();
            assert_eq!(names(&directory), ["a.txt", "folder"], "{name}");
            assert_eq!(fs::read(directory.join("folder/b.txt")).unwrap(), b"b", "{name}");
        }
        assert_eq!(names(root.path()), ["above", "empty", "new"], "nothing is left beside them");
    }

    #[test]
    fn what_fails_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let files: [(&str, &[u8]); 2] = [("a", b"a file"), ("a/b", b"below a file")];
        write_directory(&root.path().join("new"), files).unwrap_err();
        assert!(names(root.path()).is_empty(), "{:?}", names(root.path()));
    }

    #[test]
    fn other_files_stay() {
        let root = tempfile::tempdir().unwrap();
        let paths = FILES.map(|(path, _)| path);
        let check = |replaces| check_new_directory(root.path(), &paths, replaces);
        fs::write(root.path().join("notes"), "mine").unwrap();
        let error = check(Replaces::Nothing).unwrap_err().to_string();
        assert!(error.contains("not empty") && error.contains("--overwrite"), "{error}");
        check(Replaces::Anything).unwrap();
        write_directory(root.path(), FILES).unwrap();
        assert_eq!(names(root.path()), ["a.txt", "folder", "notes"], "files");
        fs::remove_dir_all(root.path().join("folder")).unwrap();
        fs::write(root.path().join("folder"), "a file").unwrap();
        let error = check(Replaces::Anything).unwrap_err().to_string();
        assert!(error.contains("not a directory"), "{error}");
    }
}
