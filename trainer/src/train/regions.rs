//! The regions of `CutMix` images: each region learns its own label.
//!
//! `CutMix` asks for both labels of the whole image and does not say where each of them is. Here the tokens
//! under the rectangle are pooled by themselves and go through the class head. They learn the label of the
//! rectangle, and the other tokens learn the label of the image. The class head is that of the network, so
//! the network does not grow.
//!
//! Labels are not given to single tokens, because the background of an object has no class.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::data::mix::Rectangle;

/// The weight of each token in the mean of its region, and the weight of each region in the loss.
pub(super) struct Regions {
    /// `[2, tokens]`: each row sums to 1. The first region is the original, the second the rectangle.
    means: Vec<f32>,
    /// The share of the image that each region covers; they sum to 1.
    shares: [f32; 2],
}

impl Regions {
    /// The regions of images of `sides` `[height, width]` on a grid of tokens `[height, width]`; `None` if
    /// one of them is empty.
    pub(super) fn new(pasted: &Rectangle, sides: [usize; 2], grid: [usize; 2]) -> Option<Self> {
        let cover = pasted.cover(sides, grid);
        let all = cover.len() as f32;
        let inside: f32 = cover.iter().sum();
        let outside = all - inside;
        if inside <= 0.0 || outside <= 0.0 {
            return None;
        }
        let own = cover.iter().map(|cover| (1.0 - cover) / outside);
        let means = own.chain(cover.iter().map(|cover| cover / inside)).collect();
        Some(Self { means, shares: [outside / all, inside / all] })
    }

    /// The means of each image's regions: `[batch, tokens, dim]` to `[batch, 2, dim]`.
    pub(super) fn pool<B: Backend>(&self, tokens: Tensor<B, 3>) -> Tensor<B, 3> {
        let [batch, count, _] = tokens.dims();
        let means = TensorData::new(self.means.clone(), [1, 2, count]);
        let means = Tensor::<B, 3>::from_data(means, &tokens.device());
        means.expand([batch, 2, count]).matmul(tokens)
    }

    /// The weight of each region in the loss.
    pub(super) const fn shares(&self) -> [f32; 2] {
        self.shares
    }
}
