//! The modules of one target: what each of them defines, imports and names.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The place of a module in [`Modules::all`].
pub(crate) type ModuleId = usize;

/// The modules of a target; the first one is the root.
pub struct Modules {
    pub(crate) all: Vec<Module>,
}

/// A module: a file, or a part of one in braces.
pub(crate) struct Module {
    pub(crate) parent: Option<ModuleId>,
    pub(crate) file: PathBuf,
    /// What a name stands for. Alternatives under different conditions are all kept.
    pub(crate) bindings: HashMap<String, Vec<Binding>>,
    /// Paths of the modules whose names are all imported.
    pub(crate) globs: Vec<Vec<String>>,
    /// Paths in the code, those of imports among them.
    pub(crate) mentions: Vec<Mention>,
    /// The functions of `impl` blocks without a trait, with the path of the type.
    pub(crate) inherent: Vec<(Vec<String>, String)>,
    /// The macros that `macro_rules!` defines here.
    pub(crate) macros: Vec<String>,
}

pub(crate) enum Binding {
    /// An item that this module defines.
    Item,
    /// A child module.
    Module(ModuleId),
    /// A path that `use` gives this name.
    Path(Vec<String>),
}

/// A path in the code of a module.
pub(crate) struct Mention {
    pub(crate) path: Vec<String>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `use path;`, or a path in an expression, a type or a pattern.
    Path,
    /// `pub use path;`, which re-exports a name and does not use it.
    Reexport,
    /// `use path::*;`.
    Glob,
    /// `path!`.
    Macro,
}

impl Modules {
    /// The files that were read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.all.iter().map(|module| module.file.as_path())
    }
}

impl Module {
    pub(crate) fn new(parent: Option<ModuleId>, file: &Path) -> Self {
        Self {
            parent,
            file: file.to_owned(),
            bindings: HashMap::new(),
            globs: Vec::new(),
            mentions: Vec::new(),
            inherent: Vec::new(),
            macros: Vec::new(),
        }
    }

    pub(crate) fn bind(&mut self, name: String, binding: Binding) {
        self.bindings.entry(name).or_default().push(binding);
    }
}
