//! Boxes: how well the box of the largest object fits the image of its class, on grids of four images.

use super::maps::evidence;
use super::pointing::{Grids, QUARTERS};
use anyhow::{Context, Result};
use rayon::prelude::*;
use runtime::Model;
use runtime::camera::Rectangle;
use runtime::explain::{Floor, Objects, Tiling};

impl Grids {
    /// The mean intersection over union of the box of the largest object with the quarter of its class, 0 to 1.
    /// A box around the whole grid has 0.25. A map without an object counts as 0.
    ///
    /// # Errors
    /// If the model has no evidence, its tokens form no grid, or it reads images of another size.
    pub fn boxes(&self, model: &Model<'_>, floor: Floor) -> Result<f64> {
        let tiling = Tiling::of(model.config()).context("the tokens form no grid")?;
        let image = model.config().image();
        let (width, height) = (image.width / 2, image.height / 2);
        let sums = (0..self.len()).into_par_iter().map_init(
            || (vec![0; model.arena_len_fast()], vec![0; tiling.tokens()]),
            |(arena, labels), index| {
                let mut sum = 0.0;
                for (quarter, &class) in self.classes[index].iter().enumerate() {
                    let (map, _) = evidence(model, &self.images[index], arena, Some(class))?;
                    let objects = Objects::find(&map, &tiling, floor, labels)?;
                    let (x, y) = (quarter % 2 * width, quarter / 2 * height);
                    let right = Rectangle { x, y, width, height };
                    let found = objects.as_slice().first();
                    sum += found.map_or(0.0, |found| overlap(found.area, right));
                }
                Ok(sum)
            },
        );
        let sums = sums.collect::<Result<Vec<f64>>>()?;
        Ok(sums.iter().sum::<f64>() / (QUARTERS * self.len()) as f64)
    }
}

/// Intersection over union.
fn overlap(one: Rectangle, other: Rectangle) -> f64 {
    let common = |a: usize, a_len: usize, b: usize, b_len: usize| {
        (a + a_len).min(b + b_len).saturating_sub(a.max(b))
    };
    let both = common(one.x, one.width, other.x, other.width)
        * common(one.y, one.height, other.y, other.height);
    let all = one.width * one.height + other.width * other.height - both;
    both as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_shares_of_the_union() {
        let square = |x, y, side| Rectangle { x, y, width: side, height: side };
        assert_eq!(overlap(square(0, 0, 16), square(0, 0, 16)), 1.0, "the same");
        assert_eq!(overlap(square(0, 0, 32), square(16, 16, 16)), 0.25, "the whole grid");
        assert_eq!(overlap(square(0, 0, 16), square(16, 0, 16)), 0.0, "side by side");
        assert_eq!(overlap(square(0, 0, 2), square(1, 1, 2)), 1.0 / 7.0, "a corner");
    }
}
