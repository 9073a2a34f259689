//! Options for settings that PyTorch weights do not contain, and the networks that commands read.

use super::values::preset_parser;
use anyhow::{Result, ensure};
use clap::Args;
use export::float::{Backend, FloatModel};
use runtime::config::Preset;
use std::path::Path;
use trainer::checkpoint::{self, Checkpoint};
use trainer::import::{self, Options, Rgb};

/// Settings that PyTorch weights do not contain.
#[derive(Debug, Args)]
pub(super) struct WeightsArgs {
    /// Shape of PyTorch weights. It may be left out if the metadata of their file describes it.
    #[arg(long, value_parser = preset_parser())]
    preset: Option<Preset>,
    /// Names of the classes of PyTorch weights, separated by commas, in the order of the outputs. By
    /// default CIFAR-10's, if there are ten classes.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// Mean of red, green and blue pixels scaled to 0..1, for PyTorch weights. By default the metadata
    /// `mean` of their file; without it CIFAR-10's constants, or 0.5 if the tensors of blocks are named
    /// `blocks`.
    #[arg(long, value_name = "R,G,B", value_parser = import::mean)]
    mean: Option<Rgb>,
    /// Standard deviation of the same pixels, with defaults as for the mean.
    #[arg(long, value_name = "R,G,B", value_parser = import::deviation)]
    std: Option<Rgb>,
}

impl WeightsArgs {
    /// Reads PyTorch weights.
    ///
    /// # Errors
    /// As [`import::load`].
    pub(super) fn import(&self, weights: &Path) -> Result<Checkpoint<Backend>> {
        let Self { preset, classes, mean, std } = self;
        let options = Options { preset: *preset, classes: classes.clone(), mean: *mean, std: *std };
        import::load(weights, &options, &Default::default())
    }

    /// Reads a checkpoint, or PyTorch weights.
    ///
    /// # Errors
    /// Also if an option is given for a setting that the checkpoint contains.
    pub(super) fn float_model(&self, path: &Path) -> Result<FloatModel> {
        if checkpoint::is_pytorch(path) {
            return self.import(path).map(FloatModel::new);
        }
        let given = [
            ("--preset", self.preset.is_some()),
            ("--classes", self.classes.is_some()),
            ("--mean", self.mean.is_some()),
            ("--std", self.std.is_some()),
        ];
        for (option, given) in given {
            ensure!(
                !given,
                "{} is a checkpoint, which holds its own shape, classes and constants: leave {option} out",
                path.display()
            );
        }
        FloatModel::load(path)
    }
}

/// What to do about classes that differ from those of the images.
pub(super) fn class_remedy(path: &Path) -> &'static str {
    if checkpoint::is_pytorch(path) {
        "name the classes of the weights with --classes, in the order of the outputs, or give the images \
         that they were trained on with --data DIR"
    } else {
        "give the images that it was trained on with --data DIR"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        weights: WeightsArgs,
    }

    fn parse(args: &[&str]) -> Result<WeightsArgs, clap::Error> {
        Ok(Command::try_parse_from([&["command"], args].concat())?.weights)
    }

    #[test]
    fn options_are_checked_before_a_file_is_read() {
        let args =
            parse(&["--preset", "compact", "--mean", "0,0.5,1", "--classes", "a,b"]).unwrap();
        assert_eq!(args.preset, Some(Preset::Compact), "preset");
        assert_eq!(args.mean, Some([0.0, 0.5, 1.0]), "mean");
        assert_eq!(args.classes.unwrap(), ["a", "b"], "classes");
        for wrong in [["--preset", "huge"], ["--mean", "125,123,114"], ["--std", "0,1,1"]] {
            let error = parse(&wrong).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?} is a usage error");
        }
    }
}
