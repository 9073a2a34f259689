//! `export import weights.safetensors best.mpk --preset compact`.

use super::values::preset_parser;
use anyhow::{Result, ensure};
use clap::Args;
use export::float::Backend;
use runtime::config::Preset;
use std::path::{Path, PathBuf};
use trainer::checkpoint;
use trainer::import::{self, Options, Rgb};
use trainer::summary::grouped;

/// The namings of [`trainer::import`], shorter.
const NAMES: &str = "\
The tensors keep PyTorch's layout and may be f16, bf16 or f32. Their names, under either of two
namings (block b, stem stage s, convolution c; each with .weight and .bias):
  stem       tok.s.0, tok.s.1 (batch normalisation); residual stages tok.s.m.c.0, tok.s.m.c.1
  patches    emb, values of a patch in order row, column, channel
  position   pos, [1, tokens, dim]
  blocks     bl.b.{n1, at.qkv, at.o, n2, f.a, f.dw, f.b}
             or blocks.b.{n1, a.q, a.k, a.v, a.o, n2, f1, dw, f2}
  end        n, head (head.0, head.1 … with hidden layers), or nf, h3 (h1, h2, h3)";

/// Turns PyTorch weights into a checkpoint, ready for export.
#[derive(Debug, Args)]
#[command(after_long_help = NAMES)]
pub(super) struct ImportArgs {
    /// Weights written by `safetensors.torch.save_file(model.state_dict(), …)`.
    weights: PathBuf,
    /// Checkpoint to write, such as best.mpk.
    checkpoint: PathBuf,
    /// The network's shape. It may be left out if the file's metadata describes it.
    #[arg(long, value_parser = preset_parser())]
    preset: Option<Preset>,
    /// Names of the classes, separated by commas, in the order of the logits. By default
    /// CIFAR-10's, if there are ten classes.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// Mean of red, green and blue pixels scaled to 0..1. By default the file's metadata `mean`;
    /// without it CIFAR-10's constants, or 0.5 if the blocks are called `blocks`.
    #[arg(long, value_name = "R,G,B", value_parser = import::mean)]
    mean: Option<Rgb>,
    /// Standard deviation of the same pixels, with like defaults.
    #[arg(long, value_name = "R,G,B", value_parser = import::deviation)]
    std: Option<Rgb>,
}

impl ImportArgs {
    /// Imports and says what was understood.
    ///
    /// # Errors
    /// As [`import::load`], and if the checkpoint cannot be written.
    pub(super) fn run(self) -> Result<()> {
        ensure!(
            !same_file(&self.weights, &self.checkpoint),
            "{} would be overwritten by its own import: give the checkpoint another name",
            self.weights.display()
        );
        let options =
            Options { preset: self.preset, classes: self.classes, mean: self.mean, std: self.std };
        let checkpoint = import::load::<Backend>(&self.weights, &options, &Default::default())?;
        checkpoint::save(&self.checkpoint, &checkpoint)?;
        println!(
            "preset {}, {} parameters",
            checkpoint.preset,
            grouped(checkpoint.config.parameters())
        );
        println!("classes {}", checkpoint.classes.join(", "));
        let numbers = |rgb: Rgb| rgb.map(|value| value.to_string()).join(", ");
        println!(
            "normalisation mean {}; std {}",
            numbers(checkpoint.normalisation.mean),
            numbers(checkpoint.normalisation.std)
        );
        println!("checkpoint {}", self.checkpoint.display());
        Ok(())
    }
}

/// Whether both paths lead to one file that is there.
fn same_file(first: &Path, second: &Path) -> bool {
    match (first.canonicalize(), second.canonicalize()) {
        (Ok(first), Ok(second)) => first == second,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        import: ImportArgs,
    }

    fn parse(args: &[&str]) -> Result<ImportArgs, clap::Error> {
        Ok(Command::try_parse_from([&["import"], args].concat())?.import)
    }

    #[test]
    fn options_are_checked_before_a_file_is_read() {
        let args =
            parse(&["w", "r", "--preset", "compact", "--mean", "0,0.5,1", "--classes", "a,b"]);
        let args = args.unwrap();
        assert_eq!(args.preset, Some(Preset::Compact), "preset");
        assert_eq!(args.mean, Some([0.0, 0.5, 1.0]), "mean");
        assert_eq!(args.classes.unwrap(), ["a", "b"], "classes");
        for wrong in [["--preset", "huge"], ["--mean", "125,123,114"], ["--std", "0,1,1"]] {
            let error = parse(&[&["w", "r"][..], &wrong].concat()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?} is a usage error");
        }
    }

    #[test]
    fn a_refused_file_leaves_the_checkpoint_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        let (weights, checkpoint) = (path("weights.safetensors"), path("best.mpk"));
        std::fs::write(&weights, "no weights").unwrap();
        std::fs::write(&checkpoint, "an older checkpoint").unwrap();
        let run = |checkpoint: &Path| {
            let paths = [weights.to_str().unwrap(), checkpoint.to_str().unwrap()];
            format!("{:#}", parse(&paths).unwrap().run().unwrap_err())
        };
        let error = run(&checkpoint);
        assert!(error.contains("weights.safetensors") && !error.contains('\n'), "{error}");
        assert_eq!(std::fs::read(&checkpoint).unwrap(), b"an older checkpoint", "the checkpoint");
        let error = run(&weights);
        assert!(error.contains("overwritten by its own import"), "{error}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "files");
    }
}
