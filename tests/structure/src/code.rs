//! Reads the code of one module: the names that it binds and the paths that it mentions.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{
    Attribute, ImplItem, ImplItemFn, Item, ItemImpl, ItemMacro, ItemMod, ItemUse, Macro, Stmt,
    Type, UseTree, Visibility,
};

use crate::conditions::{attributes, only_for_tests};
use crate::modules::{Binding, Kind, Mention, Module};

/// Collects what the code of one module defines and names. Child modules are not entered.
pub(crate) struct Code<'a> {
    /// Whether tests are code like any other.
    pub(crate) is_test: bool,
    pub(crate) module: &'a mut Module,
}

impl Code<'_> {
    fn is_left_out(&self, attributes: &[Attribute]) -> bool {
        !self.is_test && only_for_tests(attributes)
    }

    fn mention(&mut self, path: Vec<String>, kind: Kind) {
        if !path.is_empty() {
            self.module.mentions.push(Mention { path, kind });
        }
    }

    /// Notes the names and the paths of a `use`.
    fn import(&mut self, prefix: &[String], tree: &UseTree, kind: Kind) {
        let with = |name: String| [prefix, &[name]].concat();
        match tree {
            UseTree::Path(tree) => self.import(&with(tree.ident.to_string()), &tree.tree, kind),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(prefix, tree, kind));
            }
            UseTree::Glob(_) => {
                self.module.globs.push(prefix.to_vec());
                let is_private = kind != Kind::Reexport;
                self.mention(prefix.to_vec(), if is_private { Kind::Glob } else { kind });
            }
            UseTree::Name(name) if name.ident == "self" => {
                let own = prefix.last().cloned().unwrap_or_default();
                self.named(own, prefix.to_vec(), kind);
            }
            UseTree::Name(name) => {
                self.named(name.ident.to_string(), with(name.ident.to_string()), kind);
            }
            UseTree::Rename(rename) => {
                let path = if rename.ident == "self" {
                    prefix.to_vec()
                } else {
                    with(rename.ident.to_string())
                };
                self.named(rename.rename.to_string(), path, kind);
            }
        }
    }

    fn named(&mut self, name: String, path: Vec<String>, kind: Kind) {
        self.mention(path.clone(), kind);
        self.module.bind(name, Binding::Path(path));
    }

    /// Notes the paths among the tokens of a macro. In the definition of a macro only those that begin
    /// with `crate` mean the same wherever it is used.
    fn tokens(&mut self, tokens: TokenStream, is_definition: bool) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.path_of_tokens(&mut path, is_definition);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.path_of_tokens(&mut path, is_definition);
                    self.tokens(group.stream(), is_definition);
                    colons = 0;
                }
                _ => {
                    self.path_of_tokens(&mut path, is_definition);
                    colons = 0;
                }
            }
        }
        self.path_of_tokens(&mut path, is_definition);
    }

    fn path_of_tokens(&mut self, path: &mut Vec<String>, is_definition: bool) {
        let path = std::mem::take(path);
        if !is_definition || path.first().is_some_and(|first| first == "crate") {
            self.mention(path, Kind::Path);
        }
    }
}

impl<'a> Visit<'a> for Code<'_> {
    fn visit_item(&mut self, item: &'a Item) {
        if !self.is_left_out(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => &[],
        };
        if !self.is_left_out(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let attributes: &[Attribute] = match statement {
            Stmt::Local(local) => &local.attrs,
            Stmt::Macro(call) => &call.attrs,
            _ => &[],
        };
        if !self.is_left_out(attributes) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_item_mod(&mut self, _: &'a ItemMod) {}

    fn visit_attribute(&mut self, _: &'a Attribute) {}

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        let is_private = matches!(item.vis, Visibility::Inherited);
        self.import(&[], &item.tree, if is_private { Kind::Path } else { Kind::Reexport });
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.mention(segments, Kind::Path);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        let path = call.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.mention(path, Kind::Macro);
        self.tokens(call.tokens.clone(), false);
    }

    fn visit_item_macro(&mut self, item: &'a ItemMacro) {
        match &item.ident {
            Some(name) => {
                self.module.bind(name.to_string(), Binding::Item);
                self.module.macros.push(name.to_string());
                self.tokens(item.mac.tokens.clone(), true);
            }
            None => self.visit_macro(&item.mac),
        }
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        if let (None, Type::Path(own)) = (&item.trait_, &*item.self_ty) {
            let own: Vec<String> =
                own.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            let functions = item.items.iter().filter_map(|item| match item {
                ImplItem::Fn(ImplItemFn { sig, .. }) => Some(sig.ident.to_string()),
                ImplItem::Const(constant) => Some(constant.ident.to_string()),
                _ => None,
            });
            self.module.inherent.extend(functions.map(|name| (own.clone(), name)));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_item_const(&mut self, item: &'a syn::ItemConst) {
        self.module.bind(item.ident.to_string(), Binding::Item);
        visit::visit_item_const(self, item);
    }

    fn visit_item_enum(&mut self, item: &'a syn::ItemEnum) {
        self.module.bind(item.ident.to_string(), Binding::Item);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.module.bind(item.sig.ident.to_string(), Binding::Item);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_static(&mut self, item: &'a syn::ItemStatic) {
        self.module.bind(item.ident.to_string(), Binding::Item);
        visit::visit_item_static(self, item);
    }

    fn visit_item_struct(&mut self, item: &'a syn::ItemStruct) {
        self.module.bind(item.ident.to_string(), Binding::Item);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_trait(&mut self, item: &'a syn::ItemTrait) {
        self.module.bind(item.ident.to_string(), Binding::Item);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'a syn::ItemType) {
        self.module.bind(item.ident.to_string(), Binding::Item);
        visit::visit_item_type(self, item);
    }

    fn visit_item_union(&mut self, item: &'a syn::ItemUnion) {
        self.module.bind(item.ident.to_string(), Binding::Item);
        visit::visit_item_union(self, item);
    }
}
