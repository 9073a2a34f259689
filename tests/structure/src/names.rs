//! What a path stands for, found as the compiler finds it: through modules, imports and re-exports.

use std::collections::{HashMap, HashSet};

use crate::modules::{Binding, ModuleId, Modules};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Meaning {
    Module(ModuleId),
    /// An item and the module that defines it; or a part of the item, and the module that has it.
    Item(ModuleId, String),
}

/// The names of a target.
pub(crate) struct Names<'a> {
    modules: &'a Modules,
    /// The modules with an `impl` block that has this function of this item.
    inherent: HashMap<(Meaning, &'a str), Vec<ModuleId>>,
    /// The modules that define a macro by `macro_rules!`.
    macros: HashMap<&'a str, Vec<ModuleId>>,
}

/// The look-ups in progress: module, name, and whether the name ends a path. A look-up that leads to itself
/// finds nothing. The last field is needed because a module and an item that it re-exports may have the
/// same name, as in `pub use head::head`.
type Seen = HashSet<(ModuleId, String, bool)>;

impl<'a> Names<'a> {
    pub(crate) fn new(modules: &'a Modules) -> Self {
        let mut names = Self { modules, inherent: HashMap::new(), macros: HashMap::new() };
        let mut inherent: HashMap<_, Vec<ModuleId>> = HashMap::new();
        for (id, module) in modules.all.iter().enumerate() {
            for (path, function) in &module.inherent {
                for item in names.find(id, path) {
                    inherent.entry((item, function.as_str())).or_default().push(id);
                }
            }
            for name in &module.macros {
                names.macros.entry(name).or_default().push(id);
            }
        }
        names.inherent = inherent;
        names
    }

    /// What a path in a module stands for. Empty if it leads out of the target.
    pub(crate) fn find(&self, module: ModuleId, path: &[String]) -> Vec<Meaning> {
        self.walk(module, path, &mut Seen::new())
    }

    /// What a macro call stands for: a name like any other, or one that `macro_rules!` defines for all
    /// modules after it.
    pub(crate) fn find_macro(&self, module: ModuleId, path: &[String]) -> Vec<Meaning> {
        let found = self.find(module, path);
        match path {
            [name] if found.is_empty() => {
                let definers = self.macros.get(name.as_str()).into_iter().flatten();
                definers.map(|&definer| Meaning::Item(definer, name.clone())).collect()
            }
            _ => found,
        }
    }

    fn walk(&self, module: ModuleId, path: &[String], seen: &mut Seen) -> Vec<Meaning> {
        let Some((first, mut rest)) = path.split_first() else {
            return vec![Meaning::Module(module)];
        };
        let mut found = match first.as_str() {
            "crate" => vec![Meaning::Module(0)],
            "self" => vec![Meaning::Module(module)],
            "super" => self.parent(module),
            name => self.look_up(module, name, rest.is_empty(), seen),
        };
        while let Some((name, after)) = rest.split_first() {
            let has_module = found.iter().any(|meaning| matches!(meaning, Meaning::Module(_)));
            let mut next = Vec::new();
            for meaning in found {
                match meaning {
                    Meaning::Module(module) if name == "super" => next.extend(self.parent(module)),
                    Meaning::Module(module) => {
                        next.extend(self.look_up(module, name, after.is_empty(), seen))
                    }
                    Meaning::Item(..) if has_module => {}
                    Meaning::Item(..) => next.extend(self.part(meaning, name)),
                }
            }
            found = next;
            rest = after;
        }
        found
    }

    fn parent(&self, module: ModuleId) -> Vec<Meaning> {
        self.modules.all[module].parent.map(Meaning::Module).into_iter().collect()
    }

    /// A part of an item. It belongs to the module of the item, and a function also to that of its `impl`.
    fn part(&self, item: Meaning, name: &str) -> Vec<Meaning> {
        let blocks = self.inherent.get(&(item.clone(), name)).into_iter().flatten();
        let mut found: Vec<_> =
            blocks.map(|&module| Meaning::Item(module, name.to_owned())).collect();
        found.push(item);
        found
    }

    /// What a name in a module stands for, at the end of a path or within it.
    fn look_up(&self, module: ModuleId, name: &str, is_end: bool, seen: &mut Seen) -> Vec<Meaning> {
        if !seen.insert((module, name.to_owned(), is_end)) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for binding in self.modules.all[module].bindings.get(name).into_iter().flatten() {
            match binding {
                Binding::Item => found.push(Meaning::Item(module, name.to_owned())),
                Binding::Module(child) => found.push(Meaning::Module(*child)),
                Binding::Path(path) => found.extend(self.walk(module, path, seen)),
            }
        }
        if found.is_empty() {
            for glob in &self.modules.all[module].globs {
                for meaning in self.walk(module, glob, seen) {
                    if let Meaning::Module(source) = meaning {
                        found.extend(self.look_up(source, name, is_end, seen));
                    }
                }
            }
        }
        seen.remove(&(module, name.to_owned(), is_end));
        found
    }
}
