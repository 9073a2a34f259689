//! A forward pass in which tokens attend only to tokens of their own part of the image.

use burn::tensor::{Int, Tensor, TensorData};
use ops::{Exponentials, VitBackend};
use runtime::site::{BlockSite, SiteId};

use crate::model::Vit;

/// The tokens that the pool takes, `[batch, tokens, dim]`, if each token attends only to its own part. `parts` has
/// every token once. Convolutions still read across the borders of parts.
pub(super) fn tokens<B: VitBackend>(
    (model, heads): (&Vit<B>, usize),
    images: Tensor<B, 4>,
    parts: &[Vec<usize>],
) -> Tensor<B, 3> {
    let (mut inputs, mut last) = (Vec::with_capacity(3), None);
    model.forward_replaced(images, &mut |site, value| {
        match site {
            SiteId::Block { at: BlockSite::Query | BlockSite::Key | BlockSite::Value, .. } => {
                inputs.push(value.clone());
            }
            SiteId::Block { at: BlockSite::Context, .. } => {
                return attention(&std::mem::take(&mut inputs), heads, parts);
            }
            SiteId::Norm => last = Some(value.clone()),
            _ => {}
        }
        value
    });
    last.expect("a pass has a last normalisation")
}

/// The context of each part from its own queries, keys and values, which `inputs` has in this order.
fn attention<B: VitBackend>(
    inputs: &[Tensor<B, 3>],
    heads: usize,
    parts: &[Vec<usize>],
) -> Tensor<B, 3> {
    let [query, key, value] = inputs else { unreachable!("a block has one of each") };
    let device = query.device();
    let indices = |tokens: &[usize]| {
        let indices: Vec<i32> = tokens.iter().map(|&token| token as i32).collect();
        let len = indices.len();
        Tensor::<B, 1, Int>::from_data(TensorData::new(indices, [len]), &device)
    };
    let contexts = parts.iter().map(|part| {
        let own = |x: &Tensor<B, 3>| x.clone().select(1, indices(part));
        ops::attention(own(query), own(key), own(value), heads, Exponentials::Exact)
    });
    let order = parts.concat();
    let mut places = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &token)| places[token] = at);
    Tensor::cat(contexts.collect(), 1).select(1, indices(&places))
}
