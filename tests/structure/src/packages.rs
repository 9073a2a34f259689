//! The packages of a repository and the root file of each of their targets, as cargo reports them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::read::tidy;

/// A package, with the root files of its targets.
pub struct Package {
    /// The name in the manifest.
    pub name: String,
    /// The folder of the manifest.
    pub folder: PathBuf,
    /// A target for each program, library, example, test and bench.
    pub targets: Vec<Target>,
}

/// A root file that cargo compiles.
pub struct Target {
    /// The file that the compiler is given.
    pub root: PathBuf,
    /// Whether it is built for tests alone, so that `cfg(test)` holds in it.
    pub is_test: bool,
}

/// Every package below `folder`, in the order of their paths.
///
/// # Errors
/// A folder cannot be read, or cargo refuses a manifest.
pub fn find(folder: &Path) -> Result<Vec<Package>> {
    let mut manifests = Vec::new();
    collect_manifests(folder, &mut manifests)?;
    manifests.sort();
    let mut packages = Vec::new();
    for manifest in manifests {
        packages.extend(read(&manifest)?);
    }
    Ok(packages)
}

/// Adds the manifests below `folder`, except those of build outputs and of version control.
fn collect_manifests(folder: &Path, manifests: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "target" && name != ".git" {
                collect_manifests(&path, manifests)?;
            }
        } else if name == "Cargo.toml" {
            manifests.push(path);
        }
    }
    Ok(())
}

/// The package of a manifest; none where it describes only a workspace.
fn read(manifest: &Path) -> Result<Option<Package>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1", "--manifest-path"])
        .arg(manifest)
        .output()
        .context("start cargo")?;
    ensure!(
        output.status.success(),
        "{}: {}",
        manifest.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let manifest = manifest.canonicalize()?;
    let described = metadata["packages"].as_array().into_iter().flatten();
    let package = described
        .filter(|package| package["manifest_path"].as_str().map(Path::new) == Some(&manifest))
        .map(|package| Package {
            name: package["name"].as_str().unwrap_or_default().to_owned(),
            folder: manifest.parent().unwrap_or(Path::new("")).to_owned(),
            targets: package["targets"].as_array().into_iter().flatten().map(target).collect(),
        })
        .next();
    Ok(package)
}

fn target(described: &Value) -> Target {
    let kinds = described["kind"].as_array().into_iter().flatten();
    Target {
        root: tidy(Path::new(described["src_path"].as_str().unwrap_or_default())),
        is_test: kinds.into_iter().any(|kind| kind == "test"),
    }
}
