//! `export package model.bin DIR --for cmake`: a package with a network in C.

use super::files::read;
use super::project::{self, ProjectArgs};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use projects::package::{Kind, Package};
use std::path::PathBuf;
use trainer::say;

/// Writes a package with a network for a program in C.
///
/// A package has the header of the library (`ocelli.h`), the network as a C array with the length of its arena
/// (`ocelli_network.h`), the command or the build that makes the library with cargo, and an example. The command
/// prints how to build and run the example.
#[derive(Debug, Args)]
pub(super) struct PackageArgs {
    /// Int8 blob to read.
    blob: PathBuf,
    /// Directory to write.
    directory: PathBuf,
    /// What the package is for. arduino: a library of the Arduino IDE. zephyr: a module of Zephyr. cmake: a package
    /// of CMake.
    #[arg(long = "for", value_enum, value_name = "KIND")]
    kind: PackageKind,
    #[command(flatten)]
    project: ProjectArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PackageKind {
    Arduino,
    Zephyr,
    Cmake,
}

impl PackageArgs {
    pub(super) fn run(&self) -> Result<()> {
        let directory = project::name_of(&self.directory)?;
        let bytes = read(&self.blob)?;
        let model = project::int8(&self.blob, &bytes)?;
        let network = self.project.network(&bytes, &model)?;
        let source = self.project.source()?;
        let kind = match self.kind {
            PackageKind::Arduino => Kind::Arduino,
            PackageKind::Zephyr => Kind::Zephyr,
            PackageKind::Cmake => Kind::Cmake,
        };
        let package = Package { kind, network: &network, source: &source };
        // `.` has no name of its own.
        let absolute = std::path::absolute(&self.directory).context("the current directory")?;
        let name = absolute.file_name().and_then(|name| name.to_str()).unwrap_or("");
        let files = package.files(name)?;
        self.project.write(&self.directory, &files, &[&self.blob])?;
        let (expected, commands) = (package.expected(), package.commands(directory));
        if self.project.json {
            let object = project::object(&self.directory, &files, &source, &expected, &commands);
            return say!("{object}");
        }
        project::print(&self.directory, &files, &source, &expected, &commands)
    }
}
