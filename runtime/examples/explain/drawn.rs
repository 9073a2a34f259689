//! Values of the runtime as values to draw.

use runtime::explain::peak;

/// Subtracts the minimum of a map from each value. Returns the minimum, and the place of the mean between
/// the minimum (0) and the maximum (1).
pub(super) fn spread(map: &mut [i32]) -> (i32, f64) {
    let least = map.iter().copied().min().unwrap_or(0);
    map.iter_mut().for_each(|value| *value -= least);
    let sum: f64 = map.iter().map(|&value| f64::from(value)).sum();
    (least, sum / map.len().max(1) as f64 / f64::from(peak(map).max(1)))
}

/// A share of an object or a probability as the runtime gives it, 0 to 1.
pub(super) fn share(share: u16) -> f64 {
    f64::from(share) / 65_536.0
}
