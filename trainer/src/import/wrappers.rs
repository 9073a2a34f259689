//! What PyTorch's wrappers add to the names of tensors.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Naming;

/// Modules that contain another one and put their name before its names: `DataParallel` and
/// `AveragedModel`, `torch.compile`, `FullyShardedDataParallel`, activation checkpointing.
const WRAPPERS: [&str; 4] =
    ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];

/// The names of a file without wrappers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unwrapped {
    /// From a name without wrappers to the name in the file.
    pub(super) stored: BTreeMap<String, String>,
    /// What was removed, such as `module.`.
    pub(super) removed: BTreeSet<String>,
}

impl Unwrapped {
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let names: Vec<String> = names.into_iter().collect();
        let mut removed = BTreeSet::new();
        let mut plain: Vec<String> = names.iter().map(|name| unwrap(name, &mut removed)).collect();
        // A network that is an attribute of another module, such as `model.` or `net.`.
        if let Some(prefix) = shared(&plain)
            && Naming::detect(&plain).is_none()
        {
            let short: Vec<_> = plain.iter().map(|name| name[prefix.len()..].to_owned()).collect();
            if Naming::detect(&short).is_some() {
                removed.insert(prefix);
                plain = short;
            }
        }
        let stored: BTreeMap<_, _> = plain.into_iter().zip(names.iter().cloned()).collect();
        if stored.len() == names.len() {
            return Self { stored, removed };
        }
        // Two tensors would have one name.
        let stored = names.into_iter().map(|name| (name.clone(), name)).collect();
        Self { stored, removed: BTreeSet::new() }
    }
}

/// A name without the wrappers in it, which go to `removed`.
fn unwrap(name: &str, removed: &mut BTreeSet<String>) -> String {
    let mut left = Vec::new();
    for part in name.split('.') {
        if WRAPPERS.contains(&part) {
            removed.insert(format!("{part}."));
        } else {
            left.push(part);
        }
    }
    left.join(".")
}

/// The longest common prefix of all names that ends with a dot.
fn shared(names: &[String]) -> Option<String> {
    let (first, others) = names.split_first()?;
    let mut shared = first.as_str();
    for name in others {
        let same = shared.bytes().zip(name.bytes()).take_while(|(one, other)| one == other);
        shared = shared.get(..same.count()).unwrap_or("");
    }
    let end = shared.rfind('.')?;
    Some(shared[..=end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["bl.0.n1.weight", "n.weight", "pos"];

    fn unwrapped(names: &[&str]) -> (Vec<String>, Vec<String>) {
        let found = Unwrapped::new(names.iter().map(|&name| name.to_owned()));
        for (plain, stored) in &found.stored {
            assert!(stored.ends_with(plain.rsplit('.').next().unwrap()), "{plain} is {stored}");
        }
        (found.stored.into_keys().collect(), found.removed.into_iter().collect())
    }

    #[test]
    fn wrappers_are_left_out_wherever_they_are() {
        for (before, removed) in [
            ("module.", vec!["module."]),
            ("_orig_mod.", vec!["_orig_mod."]),
            ("module._orig_mod.", vec!["_orig_mod.", "module."]),
            ("model.", vec!["model."]),
            ("learner.module.net.", vec!["learner.net.", "module."]),
        ] {
            let wrapped = NAMES.map(|name| format!("{before}{name}"));
            let found = unwrapped(&wrapped.each_ref().map(String::as_str));
            let removed: Vec<_> = removed.into_iter().map(str::to_owned).collect();
            assert_eq!(found, (NAMES.map(str::to_owned).to_vec(), removed), "{before}");
        }
        let (names, removed) = unwrapped(&["bl.0._orig_mod.n1.weight", "n.weight", "pos"]);
        assert_eq!((names, removed.len()), (NAMES.map(str::to_owned).to_vec(), 1), "in the middle");
    }

    #[test]
    fn names_that_would_fall_together_stay() {
        let names = ["module.pos", "pos"];
        assert_eq!(unwrapped(&names), (names.map(str::to_owned).to_vec(), vec![]), "both");
        let names = ["blocks.0.n1.bias", "blocks.0.n1.weight"];
        assert_eq!(unwrapped(&names), (names.map(str::to_owned).to_vec(), vec![]), "ours");
        let names = ["conv.a.bias", "conv.b.bias"];
        assert_eq!(unwrapped(&names), (names.map(str::to_owned).to_vec(), vec![]), "foreign");
    }
}
