//! Reads a target: its root file, and the file of each module that it declares.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use syn::visit::Visit;
use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta};

use crate::code::Code;
use crate::conditions::only_for_tests;
use crate::modules::{Binding, Module, ModuleId, Modules};

/// Reads the text of a file; `None` if there is no such file.
pub type Sources<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// Reads a target: its root file and all files of its modules.
///
/// `is_test` says that the target is built only for tests. Its tests are then read like other code.
///
/// # Errors
/// If a file is missing or cannot be parsed.
pub fn target(root: &Path, is_test: bool, sources: Sources) -> Result<Modules> {
    let mut reader = Reader { sources, is_test, all: Vec::new() };
    let folder = root.parent().unwrap_or(Path::new("")).to_owned();
    reader.file(None, root, folder)?;
    Ok(Modules { all: reader.all })
}

struct Reader<'a> {
    sources: Sources<'a>,
    is_test: bool,
    all: Vec<Module>,
}

impl Reader<'_> {
    /// Reads a module from its file. `folder` has the files of its child modules.
    fn file(&mut self, parent: Option<ModuleId>, file: &Path, folder: PathBuf) -> Result<ModuleId> {
        let Some(text) = (self.sources)(file) else { bail!("{} is missing", file.display()) };
        let parsed = syn::parse_file(&text).with_context(|| format!("parse {}", file.display()))?;
        let place = Place { file, parts: Path::new(""), folder: &folder };
        self.module(parent, &parsed.items, &place)
    }

    fn module(
        &mut self,
        parent: Option<ModuleId>,
        items: &[Item],
        place: &Place,
    ) -> Result<ModuleId> {
        let id = self.all.len();
        self.all.push(Module::new(parent, place.file));
        let mut code = Code { is_test: self.is_test, module: &mut self.all[id] };
        items.iter().for_each(|item| code.visit_item(item));
        for item in items {
            let Item::Mod(child) = item else { continue };
            if !self.is_test && only_for_tests(&child.attrs) {
                continue;
            }
            let child_id = self.child(id, child, place)?;
            self.all[id].bind(child.ident.to_string(), Binding::Module(child_id));
        }
        Ok(id)
    }

    fn child(&mut self, parent: ModuleId, module: &ItemMod, place: &Place) -> Result<ModuleId> {
        let name = module.ident.to_string();
        if let Some((_, items)) = &module.content {
            let parts = place.parts.join(&name);
            return self.module(Some(parent), items, &Place { parts: &parts, ..*place });
        }
        if let Some(path) = path_attribute(&module.attrs) {
            let beside = if place.parts == Path::new("") {
                place.file.parent().unwrap_or(Path::new("")).to_owned()
            } else {
                place.folder.join(place.parts)
            };
            let file = tidy(&beside.join(path));
            let folder = file.parent().unwrap_or(Path::new("")).to_owned();
            return self.file(Some(parent), &file, folder);
        }
        let folder = place.folder.join(place.parts);
        let own_folder = folder.join(&name);
        let candidates = [folder.join(format!("{name}.rs")), own_folder.join("mod.rs")];
        let found = candidates.iter().find(|file| (self.sources)(file).is_some());
        let file = found
            .with_context(|| format!("{}: `mod {name};` has no file", place.file.display()))?;
        self.file(Some(parent), file, own_folder)
    }
}

/// The place of a module in the source.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a Path,
    /// The path of inline modules (`mod name { … }`) around it within the file.
    parts: &'a Path,
    /// The folder of the file's child modules.
    folder: &'a Path,
}

/// The file that `#[path = "…"]` names.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

/// A path without `.` and `..`, so that each file has only one path.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = tidied.pop(),
            Component::CurDir => {}
            part => tidied.push(part),
        }
    }
    tidied
}
