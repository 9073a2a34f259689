//! Gives a network the values of a trained one that may have other classes and another image size.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};
use burn::backend::Autodiff;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::Backend;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Tensor, TensorData};
use runtime::config::VitConfig;

use crate::checkpoint::Checkpoint;
use crate::model::Vit;
use ops::HostBackend;

/// Path of the position embedding.
const POSITION: &str = "position";

/// The network `new` of shape `config` with the values of `trained`.
///
/// If `new_head`, the last layer of the head keeps its own values. If the grid of tokens has another size, the
/// position embedding is interpolated.
///
/// # Errors
/// If the networks differ in more than classes, image size and strides.
pub(super) fn transfer<B: HostBackend>(
    trained: &Checkpoint<B>,
    new: Vit<Autodiff<B>>,
    config: &VitConfig,
    new_head: bool,
) -> Result<Vit<Autodiff<B>>> {
    check_kind(&trained.config, config)?;
    let mut values = Values::default();
    trained.model.visit(&mut values);
    let position = position(trained, config)?;
    values.found.insert(POSITION.to_owned(), position.into_data());
    let last = new_head.then(|| format!("head.layers.{}.", new.head.layers.len() - 1));
    let layers = values.found.len();
    let mut adopt = Adopt { values: values.found, keep: last, ..Adopt::default() };
    let network = new.map(&mut adopt);
    if let Some(reason) = adopt.refused {
        bail!(reason);
    }
    ensure!(adopt.seen == layers, "it has more layers than the new network");
    Ok(network)
}

/// Refuses networks whose tensors have the same shapes but whose computation differs.
fn check_kind(trained: &VitConfig, new: &VitConfig) -> Result<()> {
    let kind = |config: &VitConfig| {
        let spec = config.spec();
        let strideless = config.stem_convs().map(|conv| (conv.kind, conv.gelu, conv.skip));
        (spec.attention, spec.mlp, spec.pool, strideless.collect::<Vec<_>>())
    };
    ensure!(kind(trained) == kind(new), "it has other kinds of layers than the new network");
    Ok(())
}

/// The position embedding `[tokens, dim]` of `trained` for the grid of tokens of `config`.
///
/// Bicubic, as is usual for vision transformers: the embedding of a small grid is smooth, and linear
/// interpolation would flatten its extremes.
fn position<B: Backend>(trained: &Checkpoint<B>, config: &VitConfig) -> Result<Tensor<B, 2>> {
    let own = trained.model.position.val();
    let grids = (trained.config.token_grid(), config.token_grid());
    let (from, to) = match grids {
        _ if trained.config.image() == config.image() && own.dims()[0] == config.tokens() => {
            return Ok(own);
        }
        (Some(from), Some(to)) => (from, to),
        _ => bail!("its tokens form no grid, so that it works at its own image size only"),
    };
    let [_, dim] = own.dims();
    let grid = own.reshape([1, from.height, from.width, dim]).permute([0, 3, 1, 2]);
    let options = InterpolateOptions::new(InterpolateMode::Bicubic).with_align_corners(false);
    let grid = interpolate(grid, [to.height, to.width], options);
    Ok(grid.permute([0, 2, 3, 1]).reshape([to.height * to.width, dim]))
}

/// The values of all parameters by path, running statistics included.
#[derive(Default)]
struct Values {
    path: Vec<String>,
    found: HashMap<String, TensorData>,
}

impl<B: Backend> ModuleVisitor<B> for Values {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.found.insert(self.path.join("."), param.val().into_data());
    }
}

/// Replaces the value of each parameter.
#[derive(Default)]
struct Adopt {
    path: Vec<String>,
    values: HashMap<String, TensorData>,
    /// Start of the paths that keep their own values.
    keep: Option<String>,
    /// Parameters so far.
    seen: usize,
    /// Why the values do not fit.
    refused: Option<String>,
}

impl Adopt {
    fn value(&self, path: &str, shape: &[usize]) -> Result<TensorData> {
        let Some(value) = self.values.get(path) else {
            bail!("it has no tensor `{path}`");
        };
        ensure!(
            value.shape.as_slice() == shape,
            "its tensor `{path}` is {:?}, but the new network has {shape:?}",
            value.shape.as_slice()
        );
        Ok(value.clone())
    }
}

impl<B: Backend> ModuleMapper<B> for Adopt {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let path = self.path.join(".");
        self.seen += 1;
        if self.keep.as_ref().is_some_and(|keep| path.starts_with(keep)) {
            return param;
        }
        match self.value(&path, &param.dims()) {
            Ok(value) => param.map(|old| {
                let new = Tensor::from_data(value, &old.device());
                new.set_require_grad(old.is_require_grad())
            }),
            Err(reason) => {
                self.refused.get_or_insert(reason.to_string());
                param
            }
        }
    }
}
