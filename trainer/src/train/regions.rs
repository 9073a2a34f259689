//! The regions of `CutMix` images: a loss for each region with the label of the region.
//!
//! `CutMix` alone trains the whole image on both labels, without the positions of the two images. Here, the
//! tokens inside the rectangle and the other tokens are pooled separately. The class head of the network
//! gives logits for each of the two pools, which are compared with the label of the pool's own image. The
//! network gets no new parameters.
//!
//! A loss for each single token was rejected, because tokens of the background have no class.

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
    /// one of the two regions is empty.
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
