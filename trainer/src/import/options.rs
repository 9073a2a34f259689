//! Settings that a file of weights does not contain: preset, names of the classes, pixel normalisation.

use super::names::Naming;
use super::tensors::Tensors;
use crate::data::{CIFAR10_CLASSES, DataSource, Normalisation};
use anyhow::{Context, Result, anyhow, bail, ensure};
use runtime::config::{IMAGE_CHANNELS, Preset};

/// One number for each colour channel.
pub type Rgb = [f32; IMAGE_CHANNELS];

/// Mean and deviation with which plain transformers are usually trained: pixels from −1 to 1.
const HALF: Normalisation =
    Normalisation { mean: [0.5; IMAGE_CHANNELS], std: [0.5; IMAGE_CHANNELS] };

/// Settings that a file of weights does not contain.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The network's shape. Without it, the metadata of the file must describe the shape.
    pub preset: Option<Preset>,
    /// Name of every class. The default is the names of CIFAR-10, if there are ten classes.
    pub classes: Option<Vec<String>>,
    /// Mean of each channel of pixels scaled to 0..=1. The default is the file's `mean`. Without that, it is
    /// 0.5 if tensors are named `blocks…`, and CIFAR-10's mean if they are named `bl…`.
    pub mean: Option<Rgb>,
    /// Standard deviation of each channel. The defaults are as for `mean`.
    pub std: Option<Rgb>,
}

impl Options {
    /// The names of `count` classes, and where images of them come from.
    pub(super) fn classes(&self, count: usize) -> Result<(Vec<String>, DataSource)> {
        let Some(classes) = &self.classes else {
            ensure!(
                count == CIFAR10_CLASSES.len(),
                "its head has {count} outputs: name the classes with --classes A,B,…, in the order of the outputs"
            );
            let classes = CIFAR10_CLASSES.map(String::from);
            return Ok((classes.to_vec(), DataSource::Cifar10));
        };
        ensure!(
            classes.len() == count,
            "--classes names {} classes, but the head has {count} outputs: give one name for each output",
            classes.len()
        );
        for (index, class) in classes.iter().enumerate() {
            ensure!(
                !class.is_empty() && !class.contains('\n'),
                "--classes has a name that is empty or holds a line break: name class {index}"
            );
            ensure!(
                !classes[..index].contains(class),
                "--classes names {class} twice: give each class a name of its own"
            );
        }
        let source = if classes.iter().eq(&CIFAR10_CLASSES) {
            DataSource::Cifar10
        } else {
            DataSource::Pictures
        };
        Ok((classes.clone(), source))
    }

    /// How pixels become the network's input.
    pub(super) fn normalisation(
        &self,
        naming: Naming,
        tensors: &Tensors<'_>,
    ) -> Result<Normalisation> {
        let default = match naming {
            Naming::Modules => Normalisation::CIFAR10,
            Naming::Plain => HALF,
        };
        let stored = |key| {
            let text = tensors.metadata(key);
            let value = text.map(if key == "mean" { mean } else { deviation });
            value.transpose().map_err(|error| anyhow!("metadata `{key}`: {error}"))
        };
        Ok(Normalisation {
            mean: match self.mean {
                Some(mean) => mean,
                None => stored("mean")?.unwrap_or(default.mean),
            },
            std: match self.std {
                Some(std) => std,
                None => stored("std")?.unwrap_or(default.std),
            },
        })
    }
}

/// Reads the mean of pixels scaled to 0..=1: three numbers separated by commas.
///
/// # Errors
/// If they are not three numbers from 0 to 1.
pub fn mean(text: &str) -> Result<Rgb> {
    let rgb = rgb(text)?;
    ensure!(
        rgb.iter().all(|mean| (0.0..=1.0).contains(mean)),
        "the mean must be from 0 to 1, for pixels divided by 255"
    );
    Ok(rgb)
}

/// Reads the standard deviation of pixels scaled to 0..=1: three numbers separated by commas.
///
/// # Errors
/// If they are not three numbers above 0 and at most 1.
pub fn deviation(text: &str) -> Result<Rgb> {
    let rgb = rgb(text)?;
    ensure!(
        rgb.iter().all(|&std| std > 0.0 && std <= 1.0),
        "the standard deviation must be above 0 and at most 1, for pixels divided by 255"
    );
    Ok(rgb)
}

fn rgb(text: &str) -> Result<Rgb> {
    let numbers = text
        .split(',')
        .map(|number| number.trim().parse::<f32>())
        .collect::<Result<Vec<_>, _>>()
        .context("give three numbers separated by commas: red,green,blue")?;
    match numbers.try_into() {
        Ok(rgb) => Ok(rgb),
        Err(_) => bail!("give three numbers separated by commas: red,green,blue"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Options {
        Options {
            classes: Some(names.iter().map(|&name| name.to_owned()).collect()),
            ..Options::default()
        }
    }

    #[test]
    fn ten_classes_are_cifar10_unless_named() {
        let cifar10 = crate::data::embedded().unwrap().classes;
        let (classes, source) = Options::default().classes(10).unwrap();
        assert_eq!((classes, source), (cifar10, DataSource::Cifar10), "default");
        let (_, source) = named(&CIFAR10_CLASSES).classes(10).unwrap();
        assert_eq!(source, DataSource::Cifar10, "the same names");
        let (classes, source) = named(&["cat", "dog"]).classes(2).unwrap();
        assert_eq!(classes, ["cat", "dog"], "names");
        assert_eq!(source, DataSource::Pictures, "images of the owner");
    }

    #[test]
    fn wrong_names_are_refused() {
        for (options, part) in [
            (Options::default(), "2 outputs: name the classes"),
            (named(&["cat"]), "names 1 classes, but the head has 2"),
            (named(&["cat", ""]), "name class 1"),
            (named(&["cat", "cat"]), "names cat twice"),
        ] {
            let error = options.classes(2).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn constants_are_those_of_scaled_pixels() {
        assert_eq!(mean("0, 0.5,1").unwrap(), [0.0, 0.5, 1.0], "mean");
        assert_eq!(deviation("0.25,0.5,1").unwrap(), [0.25, 0.5, 1.0], "std");
        for text in ["0.5", "0.5,0.5", "0.1,0.2,0.3,0.4", "a,b,c", "", "125,123,114", "NaN,0,0"] {
            assert!(mean(text).is_err(), "mean {text:?}");
        }
        for text in ["0,0.5,0.5", "-0.1,0.5,0.5", "63,62,67", "inf,1,1", "NaN,1,1"] {
            assert!(deviation(text).is_err(), "deviation {text:?}");
        }
    }
}
