//! The edges between files: which file names items of which other one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::modules::{Binding, Kind, ModuleId, Modules};
use crate::names::{Meaning, Names};

/// For each file the files that it imports, and for each of these the names that it takes.
pub type Imports = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

/// Adds the edges between the files of a target.
pub fn add(modules: &Modules, imports: &mut Imports) {
    let names = Names::new(modules);
    for (id, module) in modules.all.iter().enumerate() {
        let edges = imports.entry(module.file.clone()).or_default();
        let mut edge = |target: ModuleId, name: String| {
            let target = &modules.all[target].file;
            if *target != module.file {
                edges.entry(target.clone()).or_default().insert(name);
            }
        };
        for mention in &module.mentions {
            let found = match mention.kind {
                Kind::Reexport => continue,
                Kind::Macro => names.find_macro(id, &mention.path),
                Kind::Path | Kind::Glob => names.find(id, &mention.path),
            };
            for meaning in found {
                match meaning {
                    Meaning::Item(target, name) => edge(target, name),
                    // Naming a module is not an import. Naming an item in it is one.
                    Meaning::Module(target) if mention.kind == Kind::Glob => {
                        let bindings = &modules.all[target].bindings;
                        if bindings.values().flatten().any(|it| matches!(it, Binding::Item)) {
                            edge(target, "*".to_owned());
                        }
                    }
                    Meaning::Module(_) => {}
                }
            }
        }
    }
}
