//! Finds import cycles: groups of source files in which each file needs every other one.
//!
//! ```text
//! manifest → targets → modules and the paths that each names → edges between files → cycles
//! ```
//!
//! File `a` imports file `b` where code in `a` names an item that `b` defines. A name that is
//! re-exported leads to the file of its definition, not to the file that hands it on. A parent that
//! declares `mod child;` or re-exports the child's items does not import the child for that.
//!
//! Code for tests is left out: modules and items under `#[cfg(test)]`, and functions under `#[test]`
//! except in test targets, which consist of them.
//!
//! The check reads paths, not types. It does not see `value.method()` where no path names the file of
//! the method.

pub mod cycles;
pub mod imports;
pub mod modules;
pub mod packages;
pub mod read;

mod code;
mod conditions;
mod names;
