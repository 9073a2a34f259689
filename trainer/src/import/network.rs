//! From named tensors to the burn module.

use super::names::{Naming, QueryKeyValue};
use super::tensors::Tensors;
use crate::model::{Block, ConvNorm, Head, Stem, Vit};
use anyhow::{Result, bail};
use burn::module::Param;
use burn::nn::{BatchNorm, LayerNorm, Linear};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use runtime::config::VitConfig;

/// Builds a network from a file's tensors.
///
/// # Errors
/// If a tensor is missing, surplus, of another shape or type, or not finite.
pub(super) fn network<B: Backend>(
    config: &VitConfig,
    naming: Naming,
    tensors: Tensors<'_>,
    device: &B::Device,
) -> Result<Vit<B>> {
    let mut model = Vit::zeros(config, device);
    let mut fill = Fill { naming, tensors };
    fill.stem(&mut model.stem)?;
    fill.position(&mut model.position)?;
    for (index, block) in model.blocks.iter_mut().enumerate() {
        fill.block(index, block)?;
    }
    fill.layer_norm(naming.norm(), &mut model.norm)?;
    fill.head(&mut model.head)?;
    fill.tensors.finish()?;
    Ok(model)
}

/// Replaces the values of a network, module by module.
struct Fill<'a> {
    naming: Naming,
    tensors: Tensors<'a>,
}

impl Fill<'_> {
    fn stem<B: Backend>(&mut self, stem: &mut Stem<B>) -> Result<()> {
        match stem {
            Stem::Patches(patches) => self.linear("emb", &mut patches.linear),
            Stem::Conv(stem) => {
                for (index, stage) in stem.stages.iter_mut().enumerate() {
                    let residual = stage.convs.len() > 1;
                    for (conv, layer) in stage.convs.iter_mut().enumerate() {
                        let names = Naming::convolution(index, conv, residual);
                        self.convolution(&names, layer)?;
                    }
                }
                Ok(())
            }
        }
    }

    fn convolution<B: Backend>(
        &mut self,
        (conv, norm): &(String, String),
        layer: &mut ConvNorm<B>,
    ) -> Result<()> {
        let shape = layer.weight.dims();
        let weight = self.tensors.take(&format!("{conv}.weight"), &shape)?;
        set(&mut layer.weight, weight);
        self.batch_norm(norm, &mut layer.norm)
    }

    fn batch_norm<B: Backend>(&mut self, name: &str, norm: &mut BatchNorm<B>) -> Result<()> {
        let shape = norm.gamma.dims();
        set(&mut norm.gamma, self.vector(name, "weight", shape)?);
        set(&mut norm.beta, self.vector(name, "bias", shape)?);
        let mean = self.vector(name, "running_mean", shape)?;
        let variance = self.vector(name, "running_var", shape)?;
        if let Some(at) = variance.iter().position(|&value| value < 0.0) {
            bail!(
                "tensor `{name}.running_var` holds {} at index {at}, but a variance must be finite \
                 and not negative: save the weights again",
                variance[at]
            );
        }
        for (state, values) in [(&norm.running_mean, mean), (&norm.running_var, variance)] {
            let device = state.value().device();
            state.update(Tensor::from_data(TensorData::new(values, shape), &device));
            // Other readers of a state see an update only after `value_sync`.
            state.value_sync();
        }
        Ok(())
    }

    fn position<B: Backend>(&mut self, position: &mut Param<Tensor<B, 2>>) -> Result<()> {
        let [tokens, dim] = position.dims();
        set(position, self.tensors.take("pos", &[1, tokens, dim])?);
        Ok(())
    }

    fn block<B: Backend>(&mut self, index: usize, block: &mut Block<B>) -> Result<()> {
        let naming = self.naming;
        self.layer_norm(&naming.norm1(index), &mut block.norm1)?;
        let attention = &mut block.attention;
        let layers = [&mut attention.query, &mut attention.key, &mut attention.value];
        match naming.query_key_value(index) {
            QueryKeyValue::Packed(name) => self.packed(&name, layers)?,
            QueryKeyValue::Separate(names) => {
                for (name, layer) in names.iter().zip(layers) {
                    self.linear(name, layer)?;
                }
            }
        }
        self.linear(&naming.projection(index), &mut attention.output)?;
        self.layer_norm(&naming.norm2(index), &mut block.norm2)?;
        self.linear(&naming.mlp1(index), &mut block.mlp.linear1)?;
        if let Some(depthwise) = &mut block.mlp.depthwise {
            let name = naming.depthwise(index);
            let shape = depthwise.weight.dims();
            let weight = self.tensors.take(&format!("{name}.weight"), &shape)?;
            set(&mut depthwise.weight, weight);
            let shape = depthwise.bias.dims();
            set(&mut depthwise.bias, self.vector(&name, "bias", shape)?);
        }
        self.linear(&naming.mlp2(index), &mut block.mlp.linear2)
    }

    fn head<B: Backend>(&mut self, head: &mut Head<B>) -> Result<()> {
        let layers = head.layers.len();
        for (index, layer) in head.layers.iter_mut().enumerate() {
            self.linear(&self.naming.head(index, layers), layer)?;
        }
        Ok(())
    }

    fn layer_norm<B: Backend>(&mut self, name: &str, norm: &mut LayerNorm<B>) -> Result<()> {
        let shape = norm.gamma.dims();
        set(&mut norm.gamma, self.vector(name, "weight", shape)?);
        if let Some(beta) = &mut norm.beta {
            set(beta, self.vector(name, "bias", shape)?);
        }
        Ok(())
    }

    /// PyTorch keeps `[outputs, inputs]`, burn `[inputs, outputs]`.
    fn linear<B: Backend>(&mut self, name: &str, layer: &mut Linear<B>) -> Result<()> {
        let [inputs, outputs] = layer.weight.dims();
        let weight = format!("{name}.weight");
        let weight = self.tensors.take(&weight, &[outputs, inputs])?;
        set(&mut layer.weight, transposed(&weight, inputs));
        if let Some(bias) = &mut layer.bias {
            set(bias, self.vector(name, "bias", [outputs])?);
        }
        Ok(())
    }

    /// Three layers whose rows lie one after another.
    fn packed<B: Backend>(&mut self, name: &str, layers: [&mut Linear<B>; 3]) -> Result<()> {
        let [inputs, outputs] = layers[0].weight.dims();
        let weight = format!("{name}.weight");
        let weight = self.tensors.take(&weight, &[3 * outputs, inputs])?;
        let bias = self.vector(name, "bias", [3 * outputs])?;
        let rows = weight.chunks_exact(outputs * inputs);
        for ((layer, rows), values) in layers.into_iter().zip(rows).zip(bias.chunks_exact(outputs))
        {
            set(&mut layer.weight, transposed(rows, inputs));
            if let Some(bias) = &mut layer.bias {
                set(bias, values.to_vec());
            }
        }
        Ok(())
    }

    fn vector(&mut self, name: &str, part: &str, shape: [usize; 1]) -> Result<Vec<f32>> {
        self.tensors.take(&format!("{name}.{part}"), &shape)
    }
}

/// Replaces the values of a parameter, whose id and shape stay.
fn set<B: Backend, const D: usize>(param: &mut Param<Tensor<B, D>>, values: Vec<f32>) {
    let old = param.val();
    let new = Tensor::from_data(TensorData::new(values, old.dims()), &old.device());
    *param = Param::initialized(param.id, new.set_require_grad(old.is_require_grad()));
}

/// `[rows, columns]` to `[columns, rows]`.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns;
    (0..values.len()).map(|at| values[at % rows * columns + at / rows]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let found = transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3);
        assert_eq!(found, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0], "2 x 3 to 3 x 2");
    }
}
