//! Cycles: groups of files in which each leads to every other one along the edges.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use crate::imports::Imports;

/// The cycles, each in the order of its paths.
pub fn find(imports: &Imports) -> Vec<BTreeSet<&Path>> {
    let mut search =
        Search { imports, order: HashMap::new(), open: Vec::new(), cycles: Vec::new() };
    for file in imports.keys() {
        if !search.order.contains_key(file.as_path()) {
            search.enter(file);
        }
    }
    search.cycles.sort();
    search.cycles
}

/// Tarjan's search for strongly connected components (SIAM Journal on Computing 1, 1972).
struct Search<'a> {
    imports: &'a Imports,
    /// When a file was entered.
    order: HashMap<&'a Path, usize>,
    /// Files whose component is not complete.
    open: Vec<&'a Path>,
    cycles: Vec<BTreeSet<&'a Path>>,
}

impl<'a> Search<'a> {
    /// Follows the edges from a file; returns the earliest open file that they lead to.
    fn enter(&mut self, file: &'a Path) -> usize {
        let own = self.order.len();
        let place = self.open.len();
        self.order.insert(file, own);
        self.open.push(file);
        let mut earliest = own;
        for next in self.imports.get(file).into_iter().flat_map(|edges| edges.keys()) {
            let next = next.as_path();
            match self.order.get(next) {
                None => earliest = earliest.min(self.enter(next)),
                Some(&order) if self.open.contains(&next) => earliest = earliest.min(order),
                Some(_) => {}
            }
        }
        if earliest == own {
            let component: BTreeSet<_> = self.open.split_off(place).into_iter().collect();
            if component.len() > 1 {
                self.cycles.push(component);
            }
        }
        earliest
    }
}
