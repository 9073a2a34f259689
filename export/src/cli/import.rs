//! `export import weights.safetensors best.mpk --preset compact`.

use super::weights::WeightsArgs;
use anyhow::Result;
use clap::Args;
use output::{self, Replaces};
use std::path::PathBuf;
use trainer::checkpoint;
use trainer::import::Rgb;
use trainer::say;
use trainer::summary::grouped;

/// The namings of [`trainer::import`], in a shorter form.
const NAMES: &str = "\
The tensors keep PyTorch's layout and may be f16, bf16 or f32. Their names follow one of two
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
    /// Replace the file if it exists.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    open: WeightsArgs,
}

impl ImportArgs {
    /// Imports the weights and prints the network that was found.
    ///
    /// # Errors
    /// As [`import::load`], and if the checkpoint cannot be written.
    pub(super) fn run(self) -> Result<()> {
        output::refuse_inputs(&[&self.checkpoint], &[&self.weights])?;
        output::check(&self.checkpoint, Replaces::if_told(self.overwrite))?;
        let checkpoint = self.open.import(&self.weights)?;
        checkpoint::save(&self.checkpoint, &checkpoint)?;
        say!(
            "preset {}, {} parameters",
            checkpoint.preset,
            grouped(checkpoint.config.parameters())
        )?;
        say!("classes {}", checkpoint.classes.join(", "))?;
        let numbers = |rgb: Rgb| rgb.map(|value| value.to_string()).join(", ");
        say!(
            "normalisation mean {}; std {}",
            numbers(checkpoint.normalisation.mean),
            numbers(checkpoint.normalisation.std)
        )?;
        say!("checkpoint {}", self.checkpoint.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::path::Path;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        import: ImportArgs,
    }

    fn parse(args: &[&str]) -> Result<ImportArgs, clap::Error> {
        Ok(Command::try_parse_from([&["import"], args].concat())?.import)
    }

    #[test]
    fn a_refused_file_leaves_the_checkpoint_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        let (weights, checkpoint) = (path("weights.safetensors"), path("best.mpk"));
        std::fs::write(&weights, "no weights").unwrap();
        std::fs::write(&checkpoint, "an older checkpoint").unwrap();
        let run = |checkpoint: &Path, told: &[&str]| {
            let paths = [weights.to_str().unwrap(), checkpoint.to_str().unwrap()];
            format!("{:#}", parse(&[&paths, told].concat()).unwrap().run().unwrap_err())
        };
        let error = run(&checkpoint, &[]);
        assert!(error.contains("best.mpk is there already"), "{error}");
        let error = run(&checkpoint, &["--overwrite"]);
        assert!(error.contains("weights.safetensors") && !error.contains('\n'), "{error}");
        assert_eq!(std::fs::read(&checkpoint).unwrap(), b"an older checkpoint", "the checkpoint");
        let error = run(&weights, &["--overwrite"]);
        assert!(error.contains("weights.safetensors would be replaced"), "{error}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "files");
    }
}
