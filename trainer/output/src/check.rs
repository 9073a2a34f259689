//! Checks before the work begins whether outputs can be written, and what they would replace.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use same_file::is_same_file;

use crate::{directory_of, followed, temporary};

/// Number of bytes at the start of a file that decide its kind.
const KIND_BYTES: u64 = 4096;

/// Which files an output may replace. Files without content may always be replaced.
#[derive(Clone, Copy, Debug)]
pub enum Replaces {
    /// None. To replace files, the user must give `--overwrite`.
    Nothing,
    /// Those of a kind that the command can make again.
    Kind {
        /// The kind, as in "it is not a blob".
        name: &'static str,
        /// Whether a file that begins with these bytes is of the kind.
        is: fn(&[u8]) -> bool,
    },
    /// All.
    Anything,
}

impl Replaces {
    /// Everything with `--overwrite`, nothing without it.
    pub const fn if_told(overwrite: bool) -> Self {
        if overwrite { Self::Anything } else { Self::Nothing }
    }
}

/// Refuses a file that cannot be written at `path`, or that would replace a file that it must not replace.
/// Removes files that killed processes have left in its directory.
///
/// # Errors
/// If `path` is a directory, a device, a link to nothing or write-protected, if its directory is missing or
/// cannot be written to, or if there is a file that it must not replace.
pub fn check(path: &Path, replaces: Replaces) -> Result<()> {
    check_place(path, replaces)?;
    writable(directory_of(&followed(path)?))
}

/// [`check`] without a temporary file.
fn check_place(path: &Path, replaces: Replaces) -> Result<()> {
    let name = path.display();
    // Before links are followed, because a link to a pipe has no path.
    ensure!(
        path.metadata().map_or(true, |found| found.is_file() || found.is_dir()),
        "cannot write {name}: it is not an ordinary file; give the path of one"
    );
    let file = followed(path)
        .with_context(|| format!("{name} is a link that leads nowhere: remove it"))?;
    let directory = directory_of(&file);
    let parent = directory.display();
    ensure!(directory.exists(), "cannot write {name}: create its directory {parent} first");
    ensure!(directory.is_dir(), "cannot write {name}: {parent} is not a directory");
    ensure!(!path.is_dir(), "cannot write {name}: it is a directory; give the path of a file");
    if let Ok(found) = file.metadata() {
        ensure!(
            !found.permissions().readonly(),
            "cannot write {name}: it is write-protected; write elsewhere, or allow it"
        );
        if found.len() > 0 {
            may_replace(path, replaces)?;
        }
    }
    Ok(())
}

/// Refuses files that cannot be written to a directory, which is made later if it is missing.
///
/// # Errors
/// If the directory cannot be made, or as [`check`] for each of the files.
pub fn check_directory(directory: &Path, files: &[&str], replaces: Replaces) -> Result<()> {
    if directory.is_dir() {
        for file in files {
            check_place(&directory.join(file), replaces)?;
        }
        return writable(directory);
    }
    let name = directory.display();
    ensure!(
        !directory.exists() && !directory.is_symlink(),
        "cannot create {name}: there is a file of this name"
    );
    let mut above = directory.ancestors().skip(1).map(|path| match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    });
    let above = above.find(|path| path.exists()).context("it has no root")?;
    ensure!(above.is_dir(), "cannot create {name}: {} is not a directory", above.display());
    writable(above).with_context(|| format!("cannot create {name}"))
}

/// Refuses outputs that would replace an input, or each other, under any name.
///
/// # Errors
/// If an output would do so. The error names the first one.
pub fn refuse_inputs(outputs: &[&Path], inputs: &[&Path]) -> Result<()> {
    for (index, output) in outputs.iter().enumerate() {
        for input in inputs {
            ensure!(
                !is_same_file(output, input).unwrap_or(false),
                "{} would be replaced, but the command reads {}: write elsewhere",
                output.display(),
                if output == input {
                    "it".to_owned()
                } else {
                    format!("it as {}", input.display())
                }
            );
        }
        for other in &outputs[..index] {
            ensure!(
                !same_output(output, other),
                "{} and {} are one file, but two outputs: give them different names",
                other.display(),
                output.display()
            );
        }
    }
    Ok(())
}

/// Whether two paths are the same file; it need not exist. Names that differ only in case are one file on
/// some systems.
fn same_output(one: &Path, other: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    is_same_file(one, other).unwrap_or(false)
        || (name(one) == name(other)
            && is_same_file(directory_of(one), directory_of(other)).unwrap_or(false))
}

fn may_replace(path: &Path, replaces: Replaces) -> Result<()> {
    let name = path.display();
    match replaces {
        Replaces::Anything => Ok(()),
        Replaces::Nothing => {
            bail!("{name} is there already: write elsewhere, or replace it with --overwrite")
        }
        Replaces::Kind { name: kind, is } => {
            let mut start = Vec::new();
            File::open(path)
                .and_then(|file| file.take(KIND_BYTES).read_to_end(&mut start))
                .with_context(|| format!("cannot read {name}, which would be replaced"))?;
            ensure!(
                is(&start),
                "{name} is there already, and it is not {kind}: write elsewhere, or remove it"
            );
            Ok(())
        }
    }
}

/// Checks that a temporary file can be written to a directory.
fn writable(directory: &Path) -> Result<()> {
    temporary::remove_leftovers(directory);
    temporary::create(directory).with_context(|| {
        let name = directory.display();
        format!("cannot write to the directory {name}: make it writable, or write elsewhere")
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOB: Replaces =
        Replaces::Kind { name: "a blob", is: |start| start.starts_with(b"OCEL") };

    fn refused(found: Result<()>) -> String {
        format!("{:#}", found.unwrap_err())
    }

    #[test]
    fn what_cannot_be_written_is_said_before_the_work() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("file"), "bytes").unwrap();
        let found = |name: &str| refused(check(&path(name), Replaces::Anything));
        assert!(found("").contains("is a directory"), "a directory");
        assert!(found("none/model.bin").contains("create its directory"), "no directory");
        assert!(found("file/model.bin").contains("is not a directory"), "a file above");
        let found = |name: &str| refused(check_directory(&path(name), &["a"], Replaces::Anything));
        assert!(found("file").contains("a file of this name"), "a file");
        assert!(found("file/report").contains("is not a directory"), "a file above");
        check_directory(&path("new/report"), &["a"], Replaces::Nothing).unwrap();
        check(&path("model.bin"), Replaces::Nothing).unwrap();
        let left = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(left, 1, "nothing is made by asking");
    }

    #[cfg(unix)]
    #[test]
    fn links_to_nothing_devices_and_protected_files_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::os::unix::fs::symlink("none", path("link")).unwrap();
        let found = refused(check(&path("link"), Replaces::Anything));
        assert!(found.contains("leads nowhere"), "{found}");
        let (reader, _writer) = std::io::pipe().unwrap();
        let pipe = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
        for device in ["/dev/null", &pipe] {
            let found = refused(check(Path::new(device), Replaces::Anything));
            assert!(found.contains("not an ordinary file"), "{device}: {found}");
        }
        std::fs::write(path("kept"), "bytes").unwrap();
        let mut permissions = path("kept").metadata().unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(path("kept"), permissions).unwrap();
        let found = refused(check(&path("kept"), Replaces::Anything));
        assert!(found.contains("write-protected"), "{found}");
    }

    #[test]
    fn only_what_can_be_made_again_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for (name, content) in [("model.bin", "OCEL…"), ("photo.jpg", "\u{ff}"), ("empty", "")] {
            std::fs::write(path(name), content).unwrap();
        }
        check(&path("model.bin"), BLOB).unwrap();
        check(&path("empty"), BLOB).unwrap();
        check(&path("empty"), Replaces::Nothing).unwrap();
        check(&path("photo.jpg"), Replaces::Anything).unwrap();
        let found = refused(check(&path("photo.jpg"), BLOB));
        assert!(found.contains("photo.jpg") && found.contains("not a blob"), "{found}");
        let found = refused(check(&path("model.bin"), Replaces::Nothing));
        assert!(found.contains("--overwrite"), "{found}");
        let found = refused(check_directory(directory.path(), &["photo.jpg"], Replaces::Nothing));
        assert!(found.contains("photo.jpg is there already"), "{found}");
    }

    #[test]
    fn an_input_is_known_under_every_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let best = path("best.mpk");
        std::fs::write(&best, "weights").unwrap();
        std::fs::create_dir(path("sub")).unwrap();
        let around = path("sub").join("../best.mpk");
        std::fs::hard_link(&best, path("hard.mpk")).unwrap();
        let mut names = vec![best.clone(), around, path("hard.mpk")];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("best.mpk", path("soft.mpk")).unwrap();
            names.push(path("soft.mpk"));
        }
        for name in names {
            let found = refused(refuse_inputs(&[&path("new"), &name], &[&best]));
            assert!(found.contains("would be replaced"), "{}: {found}", name.display());
        }
        refuse_inputs(&[&path("a.bin"), &path("b.rs")], &[&best, &path("gone")]).unwrap();
        for twin in [path("a.bin"), path("A.bin"), path("sub").join("../a.bin")] {
            let found = refused(refuse_inputs(&[&path("a.bin"), &twin], &[]));
            assert!(found.contains("two outputs"), "{}: {found}", twin.display());
        }
    }
}
