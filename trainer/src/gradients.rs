//! Limits the size of the gradients of one step.

use std::marker::PhantomData;

use burn::module::{AutodiffModule, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;

/// Avoids a division by zero.
const TINY: f32 = 1e-12;

/// Multiplies all gradients of `module` by one factor, so that the Euclidean norm over all of them is at
/// most `limit`. Gradients with a smaller norm do not change.
///
/// burn's own clipping scales each tensor separately, which changes the direction of the step. Here, no
/// value is copied from the device to the processor.
pub(crate) fn clip<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    grads: &mut GradientsParams,
    limit: f64,
) {
    let mut squares = Squares::<B> { grads, sum: None };
    module.visit(&mut squares);
    let Some(sum) = squares.sum else { return };
    let factor = (sum.sqrt() + TINY).recip().mul_scalar(limit).clamp_max(1.0); // [1]
    module.visit(&mut Scale::<B> { grads, factor, backend: PhantomData });
}

/// Adds up the squares of all gradients.
struct Squares<'a, B: AutodiffBackend> {
    grads: &'a GradientsParams,
    sum: Option<Tensor<B::InnerBackend, 1>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Squares<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(grad) = self.grads.get::<B::InnerBackend, D>(param.id) {
            let square = grad.clone().mul(grad).sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + square,
                None => square,
            });
        }
    }
}

/// Multiplies all gradients by one factor.
struct Scale<'a, B: AutodiffBackend> {
    grads: &'a mut GradientsParams,
    factor: Tensor<B::InnerBackend, 1>,
    backend: PhantomData<B>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Scale<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(grad) = self.grads.remove::<B::InnerBackend, D>(param.id) {
            let factor = self.factor.clone().reshape([1; D]);
            self.grads.register::<B::InnerBackend, D>(param.id, grad.mul(factor));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::Autodiff;
    use burn::module::Module;
    use burn::nn::{Linear, LinearConfig};
    use burn_flex::Flex;

    type Training = Autodiff<Flex>;

    /// A layer and gradients of 3 for its four weights and 4 for its two biases: norm √68.
    fn gradients() -> (Linear<Training>, GradientsParams) {
        let device = Default::default();
        let layer = LinearConfig::new(2, 2).init::<Training>(&device);
        let loss =
            layer.weight.val().sum() * 3.0 + layer.bias.as_ref().expect("a bias").val().sum() * 4.0;
        let grads = GradientsParams::from_grads(loss.backward(), &layer);
        (layer, grads)
    }

    fn values(layer: &Linear<Training>, grads: &GradientsParams) -> (Vec<f32>, Vec<f32>) {
        let bias = layer.bias.as_ref().expect("a bias").id;
        let weight = grads.get::<Flex, 2>(layer.weight.id).expect("a gradient");
        let bias = grads.get::<Flex, 1>(bias).expect("a gradient");
        let read = |data: burn::tensor::TensorData| data.to_vec::<f32>().expect("f32");
        (read(weight.into_data()), read(bias.into_data()))
    }

    #[test]
    fn large_gradients_shrink_together() {
        let (layer, mut grads) = gradients();
        clip(&layer, &mut grads, 1.0);
        let (weight, bias) = values(&layer, &grads);
        let norm = weight.iter().chain(&bias).map(|value| value * value).sum::<f32>().sqrt();
        assert!((norm - 1.0).abs() < 1e-5, "norm {norm}");
        assert!((weight[0] / bias[0] - 0.75).abs() < 1e-6, "the direction stays");
        assert_eq!(layer.num_params(), grads.len() * 3, "no gradient is lost");
    }

    #[test]
    fn small_gradients_stay() {
        let (layer, mut grads) = gradients();
        clip(&layer, &mut grads, 100.0);
        assert_eq!(values(&layer, &grads), (vec![3.0; 4], vec![4.0; 2]), "as they were");
    }
}
