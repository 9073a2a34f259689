//! The results of this computer for the same images.

use anyhow::{Context, Result};
use firmware::images::test_image;
use kit::fnv::Fnv1a;
use runtime::Model;

/// Classes and hash of all logits.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The class of each image.
    pub classes: Vec<String>,
    /// As the firmware prints it.
    pub hash: String,
}

/// Classifies the first `images` test images.
pub fn answer(model: &Model<'_>, images: usize) -> Result<Answer> {
    let mut arena = vec![0; model.arena_len()];
    let mut image = vec![0; model.config().image().len()];
    let mut hash = Fnv1a::new();
    let mut classes = Vec::new();
    for index in 0..images {
        test_image(index, &mut image);
        let output =
            model.run(&image, &mut arena).context("cannot run the network on this computer")?;
        hash.extend(output.logits().iter().copied());
        classes.push(output.class().to_string());
    }
    Ok(Answer { classes, hash: hash.to_string() })
}
