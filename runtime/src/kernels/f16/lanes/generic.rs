//! The generic set: the loops of the other sets with one lane.

use super::one::One;
use crate::kernels::f16::operand::{F16Attention, F16Linear, F16Norm};
use crate::kernels::f16::set::F16Kernels;
use crate::window::Band;

/// The generic set.
pub(in crate::kernels) static KERNELS: F16Kernels =
    F16Kernels { name: "generic", linear, linear_add, depthwise, gelu, norm, attention };

fn linear(x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
    out.fill(0.0);
    linear_add(x, layer, out);
}

fn linear_add(x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
    super::linear::linear_add::<One, 4, 1, 4, 72>(One, x, layer, out);
}

fn depthwise(x: &[f32], band: &Band, layer: &F16Linear<'_>, out: &mut [f32]) {
    super::depthwise::depthwise(One, x, band, layer, out);
}

fn gelu(values: &mut [f32]) {
    super::elements::gelu(One, values);
}

fn norm(x: &[f32], norm: &F16Norm<'_>, out: &mut [f32]) {
    super::norm::norm(One, x, norm, out);
}

fn attention(qkv: &mut [f32], attention: &F16Attention, scores: &mut [f32]) {
    super::attention::attention::<One, 4, 1, 4>(
        One,
        qkv,
        attention,
        bytemuck::cast_slice_mut(scores),
    );
}
