//! Maps as bytes, for a screen.

use super::error::MapError;
use super::share::quotient;

/// The largest magnitude of a map, 0 to `2^31`: what [`display`] scales a map by.
pub fn peak(map: &[i32]) -> u32 {
    map.iter().map(|value| value.unsigned_abs()).max().unwrap_or(0)
}

/// Writes a map as bytes from −127 to 127.
///
/// ```text
/// out[t] = sign(map[t]) · min(⌊(|map[t]| · 127 + ⌊peak / 2⌋) / peak⌋, 127)
/// map[t] ≈ out[t] · peak / 127                    within half a step, if |map[t]| ≤ peak
/// ```
///
/// With a map's own [`peak`], its largest magnitude is 127. With one `peak` for several maps, for example
/// the largest of all classes, their bytes can be compared. With a `peak` of 0 every byte is 0.
///
/// # Errors
/// [`MapError::Length`] if `out` is not as long as the map; it is then unchanged.
pub fn display(map: &[i32], peak: u32, out: &mut [i8]) -> Result<(), MapError> {
    if out.len() != map.len() {
        return Err(MapError::Length { found: out.len(), expected: map.len() });
    }
    let peak = u64::from(peak);
    for (out, &value) in out.iter_mut().zip(map) {
        let magnitude = u64::from(value.unsigned_abs());
        let byte = quotient(magnitude * 127 + (peak >> 1), peak, 7);
        let byte = i8::try_from(byte).unwrap_or(i8::MAX);
        *out = if value < 0 { -byte } else { byte };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_nearest_and_the_peak_is_127() {
        let map = [i32::MIN, i32::MAX, 0, 1 << 30, -(1 << 23)];
        let mut out = [9; 5];
        assert_eq!(peak(&map), 1 << 31, "the largest magnitude");
        display(&map, peak(&map), &mut out).unwrap();
        assert_eq!(out, [-127, 127, 0, 64, 0], "63.5 is rounded up, 0.496 down");
        display(&map, 1 << 29, &mut out).unwrap();
        assert_eq!(out, [-127, 127, 0, 127, -2], "beyond the peak it is 127");
        display(&map, 0, &mut out).unwrap();
        assert_eq!(out, [0; 5], "no peak");
        let error = display(&map, 1, &mut out[1..]).unwrap_err();
        assert_eq!(error, MapError::Length { found: 4, expected: 5 }, "a byte too few");
    }
}
