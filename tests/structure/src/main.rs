//! Prints the import cycles of every crate below a folder: `structure [FOLDER]`.
//!
//! Ends with 1 if there is a cycle, and with 2 if a file cannot be read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::Result;
use structure::imports::{self, Imports};
use structure::{cycles, packages, read};

fn main() -> ExitCode {
    let folder = env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    match check(&folder) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Prints the cycles of the crates below a folder and returns their number.
fn check(folder: &Path) -> Result<usize> {
    let folder = folder.canonicalize()?;
    let mut imports = Imports::new();
    let mut files: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for package in packages::find(&folder)? {
        let files = files.entry(package.name).or_default();
        for target in package.targets {
            let sources = |file: &Path| fs::read_to_string(file).ok();
            let modules = read::target(&target.root, target.is_test, &sources)?;
            files.extend(modules.files().map(Path::to_owned));
            imports::add(&modules, &mut imports);
        }
    }
    let cycles = cycles::find(&imports);
    for (name, files) in &files {
        let own = cycles.iter().filter(|cycle| cycle.iter().any(|file| files.contains(*file)));
        println!("{name}: {} files, {} cycles", files.len(), own.count());
    }
    let shown = |file: &Path| file.strip_prefix(&folder).unwrap_or(file).display().to_string();
    for cycle in &cycles {
        println!("cycle of {} files", cycle.len());
        for &file in cycle {
            for (target, names) in &imports[file] {
                if cycle.contains(target.as_path()) {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    println!("  {} -> {}: {}", shown(file), shown(target), names.join(", "));
                }
            }
        }
    }
    Ok(cycles.len())
}
