//! Files that hold the same picture.

use std::collections::HashMap;

use super::picture::Looked;
use crate::data::folder::finding::{Finding, Severity};
use crate::data::folder::layout::Layout;

/// Copies in several classes, in training and test, and within a class.
pub(super) fn find(layout: &Layout, files: &[Looked]) -> impl Iterator<Item = Finding> {
    let mut groups = HashMap::<[u8; 32], Vec<&Looked>>::new();
    for looked in files {
        if let Ok(picture) = &looked.picture {
            groups.entry(picture.digest).or_default().push(looked);
        }
    }
    let mut groups = groups.into_values().filter(|group| group.len() > 1).collect::<Vec<_>>();
    groups.sort_by_key(|group| &group[0].file.path);
    let (mut classes, mut parts, mut same) = (Vec::new(), Vec::new(), Vec::new());
    for group in groups {
        let first = &group[0].file;
        let names = group.iter().map(|looked| layout.name(&looked.file.path)).collect::<Vec<_>>();
        let list = if group.iter().any(|looked| looked.file.class != first.class) {
            &mut classes
        } else if group.iter().any(|looked| looked.file.role != first.role) {
            &mut parts
        } else {
            &mut same
        };
        list.push(names.join(" = "));
    }
    let of_classes =
        "pictures that are in more than one class, although at most one class can be right";
    let of_parts = "pictures that are in more than one of the folders for training, validation and test: the \
                    accuracy would be too high";
    let of_class = "pictures that occur more than once in their class: if only one copy is in the test, the \
                    accuracy is too high";
    [
        Finding::about(Severity::Problem, of_classes, classes),
        Finding::about(Severity::Problem, of_parts, parts),
        Finding::about(Severity::Warning, of_class, same),
    ]
    .into_iter()
    .flatten()
}
