//! Grid pointing of attributes: whether the evidence for an attribute lies on the images that have it.

use super::maps::MapKind;
use super::pointing::{Grids, quarters, share};
use crate::verify::Truth;
use anyhow::Result;
use rayon::prelude::*;
use runtime::config::Grid;
use runtime::{Attributes, Model};

/// Shares of positive evidence on the images of a grid that have an attribute, 0 to 1.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct AttributePointing {
    /// Number of pairs of a grid and an attribute for which some images of the grid have the attribute and others
    /// do not.
    pub pairs: usize,
    /// The mean share of the images that have the attribute. This is what a map without any knowledge gets.
    pub chance: f64,
    /// The mean share for each kind of map.
    pub shares: Vec<(MapKind, f64)>,
}

impl Grids {
    /// Measures every attribute that some images of a grid have and others do not. `None` if there is no such
    /// attribute.
    ///
    /// # Errors
    /// If the model reads images of another size.
    pub fn attributes(
        &self,
        model: &Model<'_>,
        grid: Grid,
        (head, truth): (&Attributes<'_>, &Truth),
        progress: impl Fn(usize) + Sync,
    ) -> Result<Option<AttributePointing>> {
        let quarters = quarters(grid);
        let sums = (0..self.len()).into_par_iter().map_init(
            || vec![0; model.arena_len_fast()],
            |arena, index| {
                let output = model.run(&self.images[index], arena)?;
                let mut evidence = vec![0; grid.positions()];
                let (mut pairs, mut chance) = (0, 0.0);
                let mut sums = [0.0; MapKind::ALL.len()];
                for attribute in 0..head.len() {
                    let has = self.classes[index].map(|class| truth.of_class(class, attribute));
                    let Some(part) = part(&quarters, has) else { continue };
                    output.attribute_evidence(head, attribute, &mut evidence)?;
                    pairs += 1;
                    chance += f64::from(part.iter().sum::<f32>()) / part.len() as f64;
                    for (sum, kind) in sums.iter_mut().zip(MapKind::ALL) {
                        *sum += share(&kind.map(&evidence, grid, index), &part);
                    }
                }
                progress(1);
                Ok((pairs, chance, sums))
            },
        );
        let sums = sums.collect::<Result<Vec<_>>>()?;
        let pairs: usize = sums.iter().map(|(pairs, ..)| pairs).sum();
        let mean = |sum: f64| sum / pairs as f64;
        let shares = MapKind::ALL.iter().enumerate();
        let shares = shares
            .map(|(at, &kind)| (kind, mean(sums.iter().map(|(.., shares)| shares[at]).sum())));
        let chance = mean(sums.iter().map(|(_, chance, _)| chance).sum());
        Ok((pairs > 0).then(|| AttributePointing { pairs, chance, shares: shares.collect() }))
    }
}

/// The share of each token that lies on the images with an attribute. `None` if all or no images have the attribute,
/// or if that is not known of an image.
fn part<const N: usize>(quarters: &[Vec<f32>; N], has: [Option<bool>; N]) -> Option<Vec<f32>> {
    let count = has.iter().filter(|&&has| has == Some(true)).count();
    if count == 0 || count == N || has.contains(&None) {
        return None;
    }
    let mut part = vec![0.0; quarters.first()?.len()];
    for (quarter, _) in quarters.iter().zip(has).filter(|(_, has)| *has == Some(true)) {
        part.iter_mut().zip(quarter).for_each(|(sum, share)| *sum += share);
    }
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_covers_the_images_that_have_the_attribute() {
        let quarters = [vec![1.0, 0.0, 0.0], vec![0.0, 0.5, 0.0], vec![0.0, 0.5, 1.0]];
        let [yes, no] = [Some(true), Some(false)];
        assert_eq!(part(&quarters, [yes, no, yes]), Some(vec![1.0, 0.5, 1.0]), "two of three");
        assert_eq!(part(&quarters, [yes; 3]), None, "all");
        assert_eq!(part(&quarters, [no; 3]), None, "none");
        assert_eq!(part(&quarters, [yes, None, no]), None, "not known");
    }
}
