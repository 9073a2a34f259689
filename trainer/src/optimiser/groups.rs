//! Sorts parameters by the way in which they are updated.

use std::mem;

use burn::module::{ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// The parameters of a network, sorted.
#[derive(Default)]
pub(super) struct Groups {
    /// Weights of the hidden layers: of the blocks, and of convolutions that read other convolutions.
    pub(super) hidden: Vec<ParamId>,
    /// Other weights of rank 2 and more: of the layer that reads pixels, of depthwise convolutions,
    /// which are not matrices, and of the heads.
    pub(super) outer: Vec<ParamId>,
    /// The rest, which does not decay: biases, normalisations, and the position embedding.
    pub(super) undecayed: Vec<ParamId>,
    /// Names of the modules around the current parameter, outermost first.
    path: Vec<String>,
    /// Whether the layer that reads pixels has been visited.
    past_pixels: bool,
}

impl<B: Backend> ModuleVisitor<B> for Groups {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let within = |name: &str| self.path.iter().any(|part| part == name);
        let group = if D < 2 || within("position") {
            &mut self.undecayed
        } else if !mem::replace(&mut self.past_pixels, true) || within("head") || depthwise(param) {
            &mut self.outer
        } else {
            &mut self.hidden
        };
        group.push(param.id);
    }
}

/// Whether a convolution `[outputs, 1, side, side]` reads each channel alone.
fn depthwise<B: Backend, const D: usize>(weight: &Param<Tensor<B, D>>) -> bool {
    D == 4 && weight.dims()[1] == 1
}
