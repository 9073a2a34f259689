//! Maps in colour: dark where a value is small, light where it is large.

use image::{Rgb, RgbImage};

/// The colour of a value from 0 to 1: from dark violet over red to light yellow.
///
/// Equal differences of the value look equally large: the lightness of `OKLab` rises from 0.22 to 0.94 in
/// proportion, and hue and chroma change smoothly. So the map can also be read in grey. Values outside are
/// taken as 0 or 1.
///
/// # Source
/// Björn Ottosson, *A perceptual color space for image processing*, 2020 (`OKLab`). The path through it is ours.
pub fn heat(value: f32) -> [u8; 3] {
    let [lightness, a, b] = path(value.clamp(0.0, 1.0));
    let cube = |x: f32| x * x * x;
    let l = cube(lightness + 0.396_337_78 * a + 0.215_803_76 * b);
    let m = cube(lightness - 0.105_561_346 * a - 0.063_854_17 * b);
    let s = cube(lightness - 0.089_484_18 * a - 1.291_485_5 * b);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    linear.map(|light| {
        let light = light.clamp(0.0, 1.0);
        let value =
            if light < 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
        (255.0 * value).round() as u8
    })
}

/// Lightness, a and b of `OKLab`. Every point of the path is a colour of sRGB.
fn path(value: f32) -> [f32; 3] {
    let hue = (285.0 + 185.0 * value).to_radians();
    let chroma = 0.05 + 0.13 * (std::f32::consts::PI * (0.12 + 0.85 * value)).sin();
    [0.22 + 0.72 * value, chroma * hue.cos(), chroma * hue.sin()]
}

/// The bytes of a map for [`overlay`]: 0 where it is least, 127 where it is most. A map of equal values, or of
/// values that are not finite, is 0.
pub fn spread(map: &[f32]) -> Vec<i8> {
    let least = map.iter().copied().fold(f32::INFINITY, f32::min);
    let most = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = most - least;
    let scale = if range > 0.0 && range.is_finite() { 127.0 / range } else { 0.0 };
    map.iter().map(|value| ((value - least) * scale).round() as i8).collect()
}

/// A picture, `scale` times as wide and high, with a map over it.
///
/// `map` has a byte for each of `columns` tokens in each of `rows` rows. The pixels of a token have the colour
/// of its byte: [`heat`] of 0 at 0 and below, of 1 at 127. The light and dark of the picture show through.
///
/// # Panics
/// If the map has another number of values, or none.
pub fn overlay(
    picture: &RgbImage,
    map: &[i8],
    (rows, columns): (u32, u32),
    scale: u32,
) -> RgbImage {
    assert_eq!(map.len() as u64, u64::from(rows) * u64::from(columns), "a value for each token");
    let (width, height) = picture.dimensions();
    RgbImage::from_fn(width * scale, height * scale, |x, y| {
        let (x, y) = (x / scale, y / scale);
        let (row, column) = (y * rows / height, x * columns / width);
        let value = map[(row * columns + column) as usize];
        // The factor differs less than the colours of the map, so that the picture does not hide their
        // order.
        let light = 0.72 + 0.34 * luminance(picture.get_pixel(x, y)) / 255.0;
        Rgb(heat(f32::from(value) / 127.0).map(|part| (light * f32::from(part)).min(255.0) as u8))
    })
}

/// How light a pixel is, 0 to 255.
fn luminance(Rgb([red, green, blue]): &Rgb<u8>) -> f32 {
    0.299 * f32::from(*red) + 0.587 * f32::from(*green) + 0.114 * f32::from(*blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_steps_look_equal_and_lightness_rises() {
        let points: Vec<[f32; 3]> = (0..=64).map(|step| path(step as f32 / 64.0)).collect();
        let steps: Vec<f32> = points
            .windows(2)
            .map(|pair| {
                let square = |axis: usize| (pair[1][axis] - pair[0][axis]).powi(2);
                (square(0) + square(1) + square(2)).sqrt()
            })
            .collect();
        let mean = steps.iter().sum::<f32>() / steps.len() as f32;
        for (at, step) in steps.iter().enumerate() {
            assert!((step / mean - 1.0).abs() < 0.08, "step {at} is {step}, the mean {mean}");
        }
        let grey = |step: u8| luminance(&Rgb(heat(f32::from(step) / 64.0)));
        for step in 0..64 {
            assert!(grey(step + 1) > grey(step), "in grey, step {step}");
        }
    }

    #[test]
    fn the_ends_are_dark_and_light() {
        assert_eq!(heat(0.0), [25, 13, 69], "dark violet");
        assert_eq!(heat(1.0), [237, 240, 192], "light yellow");
        assert_eq!(heat(-1.0), heat(0.0), "below");
        assert_eq!(heat(7.0), heat(1.0), "above");
    }

    #[test]
    fn a_map_is_spread_over_all_colours() {
        assert_eq!(spread(&[-3.0, 1.0, -1.0]), [0, 127, 64], "the middle is rounded up");
        assert_eq!(spread(&[2.0; 3]), [0; 3], "equal");
        assert_eq!(spread(&[f32::NEG_INFINITY, 1.0]), [0; 2], "not finite");
        assert_eq!(spread(&[]).len(), 0, "no value");
    }

    #[test]
    fn a_token_colours_its_own_pixels() {
        let picture = RgbImage::from_fn(4, 2, |_, y| Rgb([if y == 0 { 255 } else { 0 }; 3]));
        let shown = overlay(&picture, &[127, -5], (1, 2), 3);
        assert_eq!(shown.dimensions(), (12, 6), "three times as large");
        assert_eq!(shown.get_pixel(5, 2).0, [251, 254, 203], "the left token on white");
        assert_eq!(shown.get_pixel(5, 3).0, [170, 172, 138], "the left token on black");
        assert_eq!(shown.get_pixel(6, 5).0, [18, 9, 49], "the right token");
    }
}
