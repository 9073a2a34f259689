//! Depthwise 3×3 convolution, a channel in each lane.

use super::vector::Lanes;
use super::words;
use crate::format::widen;
use crate::kernels::f16::operand::F16Linear;
use crate::kernels::scalar::window_position;
use crate::rows::{part, part_mut};
use crate::window::Band;

/// [`scalar::depthwise`](crate::kernels::f16::scalar::depthwise).
#[inline(always)]
pub(in crate::kernels) fn depthwise<S: Lanes>(
    s: S,
    x: &[f32],
    band: &Band,
    layer: &F16Linear<'_>,
    out: &mut [f32],
) {
    let grid = band.grid;
    let (width, channels) = (grid.width, grid.channels.max(1));
    for first in (0..channels).step_by(S::LANES) {
        let len = S::LANES.min(channels - first);
        let bias = words::load(s, layer.bias.words(first, len));
        let mut taps = [s.splat(0.0); 9];
        for (tap, weights) in taps.iter_mut().enumerate() {
            let mut group = S::ZEROS;
            let halves = layer.weights.halves(tap * channels + first, len);
            for (to, half) in group.as_mut().iter_mut().zip(halves) {
                *to = widen(*half);
            }
            *weights = s.load(&group);
        }
        for (line, row) in band.rows.clone().enumerate() {
            for column in 0..width {
                let mut sum = bias;
                let inside = row > 0 && row + 1 < grid.height && column > 0 && column + 1 < width;
                for (tap, weights) in taps.iter().enumerate() {
                    let at = if inside {
                        (row + tap / 3 - 1) * width + column + tap % 3 - 1
                    } else if let Some(at) = window_position(grid, row, column, tap) {
                        at
                    } else {
                        continue;
                    };
                    let x = part(x, at * channels + first, len);
                    sum = s.add(sum, s.mul(s.load_some(x), *weights));
                }
                let place = (line * width + column) * channels + first;
                s.store_some(sum, part_mut(out, place, len));
            }
        }
    }
}
