//! Crates with a planted cycle, which must be found, and similar crates without one.

use std::path::Path;

use structure::imports::{self, Imports};
use structure::{cycles, read};

/// The cycles of a crate that consists of these files; `lib.rs` is the root.
fn cycles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    cycles_of_target(files, false)
}

fn cycles_of_target(files: &[(&str, &str)], is_test: bool) -> Vec<Vec<String>> {
    let sources = |path: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| (*text).to_owned())
    };
    let modules = read::target(Path::new("lib.rs"), is_test, &sources).unwrap();
    let mut imports = Imports::new();
    imports::add(&modules, &mut imports);
    let names = |cycle: std::collections::BTreeSet<&Path>| {
        cycle.iter().map(|file| file.display().to_string()).collect()
    };
    cycles::find(&imports).into_iter().map(names).collect()
}

#[test]
fn two_files_that_import_each_other() {
    let found = cycles(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "pub struct B; fn size() -> usize { size_of::<super::a::A>() }"),
        ("c.rs", "use crate::{a::A, b::B}; fn c(_: A, _: B) {}"),
    ]);
    assert_eq!(found, [["a.rs", "b.rs"]]);
}

#[test]
fn one_direction_is_no_cycle() {
    let found = cycles(&[
        ("lib.rs", "mod a; mod b; pub use a::A;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "pub struct B;"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_cycle_through_reexports() {
    let found = cycles(&[
        ("lib.rs", "mod face; mod low;"),
        ("face/mod.rs", "mod high; pub use self::high::{High as Renamed, *};"),
        ("face/high.rs", "use crate::low; pub struct High; pub fn other() { low::low() }"),
        ("low.rs", "use crate::face::*; pub fn low() { let _: Option<Renamed> = None; }"),
    ]);
    assert_eq!(found, [["face/high.rs", "low.rs"]]);
}

#[test]
fn a_cycle_of_a_parent_and_its_child() {
    let found = cycles(&[
        ("lib.rs", "mod parent;"),
        ("parent/mod.rs", "mod child; pub const SIZE: usize = 1; pub fn run() { child::work() }"),
        ("parent/child.rs", "pub fn work() -> usize { super::SIZE }"),
    ]);
    assert_eq!(found, [["parent/child.rs", "parent/mod.rs"]]);
}

#[test]
fn a_parent_may_declare_and_hand_on() {
    let found = cycles(&[
        ("lib.rs", "mod parent;"),
        ("parent.rs", "mod child; pub use child::work; pub const SIZE: usize = 1;"),
        ("parent/child.rs", "use super::SIZE; pub fn work() -> usize { SIZE }"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_module_and_a_function_of_one_name() {
    let found = cycles(&[
        ("lib.rs", "mod stages; mod model;"),
        ("stages/mod.rs", "mod head; pub use head::head;"),
        ("stages/head.rs", "pub fn head(_: crate::model::Model) {}"),
        ("model.rs", "use crate::stages; pub struct Model; fn run() { stages::head(Model) }"),
    ]);
    assert_eq!(found, [["model.rs", "stages/head.rs"]]);
}

#[test]
fn three_files_in_a_row() {
    let found = cycles(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub fn a() { crate::b::b() }"),
        ("b.rs", "pub fn b() { crate::c::c() }"),
        ("c.rs", "pub fn c() { crate::a::a() }"),
    ]);
    assert_eq!(found, [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn a_function_of_a_type_stands_where_its_block_is() {
    let found = cycles(&[
        ("lib.rs", "mod data; mod check;"),
        ("data.rs", "pub struct Data; pub fn read() { Data::check() }"),
        ("check.rs", "use crate::data::Data; impl Data { pub fn check() {} }"),
    ]);
    assert_eq!(found, [["check.rs", "data.rs"]]);
}

#[test]
fn macros_and_what_they_are_given() {
    let found = cycles(&[
        ("lib.rs", "#[macro_use] mod a; mod b; mod c;"),
        ("a.rs", "macro_rules! twice { () => { $crate::b::b() } }"),
        ("b.rs", "pub fn b() { assert_eq!(1, crate::c::one()); }"),
        ("c.rs", "pub fn one() -> i32 { twice!(); 1 }"),
    ]);
    assert_eq!(found, [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn code_for_tests_is_left_out() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct A; #[cfg(all(test, unix))] mod tests { use crate::b::B; }"),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
    ];
    assert!(cycles(&files).is_empty(), "a library is not its tests");
    assert_eq!(cycles_of_target(&files, true), [["a.rs", "b.rs"]], "a test target is");
}

#[test]
fn code_for_some_targets_is_not() {
    let found = cycles(&[
        ("lib.rs", "#[cfg(unix)] mod a; #[cfg(not(test))] mod b;"),
        ("a.rs", "pub struct A; #[cfg(feature = \"x\")] use crate::b::B;"),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
    ]);
    assert_eq!(found, [["a.rs", "b.rs"]]);
}

#[test]
fn a_file_that_is_named_by_its_path() {
    let found = cycles(&[
        ("lib.rs", "mod inner { #[path = \"../other/far.rs\"] pub mod far; } mod near;"),
        ("other/far.rs", "pub fn far() { crate::near::near() }"),
        ("near.rs", "pub fn near() { crate::inner::far::far() }"),
    ]);
    assert_eq!(found, [["near.rs", "other/far.rs"]]);
}

#[test]
fn a_file_that_is_missing() {
    let sources = |path: &Path| (path == Path::new("lib.rs")).then(|| "mod gone;".to_owned());
    let Err(error) = read::target(Path::new("lib.rs"), false, &sources) else { panic!("was read") };
    assert!(error.to_string().contains("gone"), "{error}");
}
