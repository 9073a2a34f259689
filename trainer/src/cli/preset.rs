//! Networks of the family by name.

use anyhow::{Result, anyhow};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use runtime::config::{ImageSpec, Preset, VitConfig, VitSpec};

use super::size::MIN_SIDE;

/// Reads the name of a preset.
pub(super) fn presets() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::name))
        .map(|name| Preset::by_name(&name).expect("one of the possible values"))
}

/// A preset for images of this size, or of its own size, with this number of classes.
///
/// # Errors
/// If there is no such network. The message says what would work.
pub(super) fn network(
    preset: Preset,
    classes: usize,
    size: Option<ImageSpec>,
) -> Result<VitConfig> {
    let config = preset.config(2).map_err(|error| anyhow!("{}: {error}", preset.name()))?;
    adapted(preset.name(), &config, classes, size.unwrap_or(config.spec().image))
}

/// A network of the family for images of this size, with this number of classes.
///
/// # Errors
/// As [`network`].
pub(super) fn adapted(
    name: &str,
    config: &VitConfig,
    classes: usize,
    size: ImageSpec,
) -> Result<VitConfig> {
    let of_size = |spec: &VitSpec, image| {
        let classes = u16::try_from(classes).unwrap_or(u16::MAX);
        VitConfig::new(VitSpec { image, classes, ..spec.clone() })
    };
    let spec = config.spec();
    of_size(spec, size).map_err(|error| {
        let ImageSpec { height, width } = size;
        let mut message = format!("{name} for images of {width} x {height} pixels: {error}");
        if of_size(spec, spec.image).is_err() {
            return anyhow!(message); // It is not the size.
        }
        let square = |side| ImageSpec { height: side, width: side };
        let mut sides = (MIN_SIDE..=width.max(height)).rev();
        let side = sides.find(|&side| of_size(spec, square(side)).is_ok());
        if let Some(side) = side {
            message += &format!("; the largest --image-size for it is {side}");
        }
        let fitting = Preset::ALL.into_iter().filter_map(|preset| {
            let config = of_size(preset.config(2).ok()?.spec(), size).ok()?;
            Some(format!("{} ({} tokens)", preset.name(), config.tokens()))
        });
        let fitting: Vec<_> = fitting.collect();
        if !fitting.is_empty() {
            message += &format!("; at this size you can use --preset {}", fitting.join(", "));
        }
        anyhow!(message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_does_not_fit_is_refused_with_one_that_does() {
        let square = |side| Some(ImageSpec { height: side, width: side });
        let small = network(Preset::Micro, 3, square(48)).unwrap();
        assert_eq!((small.tokens(), small.classes()), (144, 3), "a quarter of each side");
        let error = network(Preset::Micro, 3, square(96)).unwrap_err().to_string();
        assert!(
            error.contains("96 x 96") && error.contains("--image-size for it is 88"),
            "{error}"
        );
        assert!(error.contains("micro-96 (144 tokens)"), "{error}");
        let wide = Some(ImageSpec { height: 64, width: 96 });
        assert_eq!(network(Preset::Micro96, 3, wide).unwrap().tokens(), 96, "a rectangle");
        let error = network(Preset::Micro, 5000, None).unwrap_err().to_string();
        assert!(error.contains("classes") && !error.contains("--image-size"), "{error}");
    }
}
