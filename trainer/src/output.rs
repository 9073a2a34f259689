//! Output files appear whole or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes `bytes` to a temporary file beside `path`, then renames it to `path`.
///
/// # Errors
/// If the directory cannot be written to; what was at `path` is then untouched.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let context =
        || format!("cannot write {}: is its directory there and writable?", path.display());
    let mut file = builder().tempfile_in(directory).with_context(context)?;
    file.write_all(bytes).with_context(context)?;
    file.persist(path).with_context(context)?;
    Ok(())
}

/// Temporary files are private by default; these become ordinary files, subject to the umask.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        for content in ["first", "second"] {
            write(&path, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content, "content");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "files in all");
    }

    #[test]
    fn a_missing_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = write(&directory.path().join("none/a.csv"), b"").unwrap_err();
        assert!(error.to_string().contains("none/a.csv"), "{error}");
    }
}
