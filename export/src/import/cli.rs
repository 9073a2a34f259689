//! `export import weights.safetensors best.mpk --preset compact`.

use super::load;
use super::options::{self, Options, Rgb};
use anyhow::{Result, ensure};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use runtime::config::Preset;
use std::path::{Path, PathBuf};
use trainer::record;
use trainer::summary::grouped;

/// The namings of [`super`], shorter.
const NAMES: &str = "\
The tensors keep PyTorch's layout and may be f16, bf16 or f32. Their names, under either of two
namings (block b, stem stage s, convolution c; each with .weight and .bias):
  stem       tok.s.0, tok.s.1 (batch normalisation); residual stages tok.s.m.c.0, tok.s.m.c.1
  patches    emb, values of a patch in order row, column, channel
  position   pos, [1, tokens, dim]
  blocks     bl.b.{n1, at.qkv, at.o, n2, f.a, f.dw, f.b}
             or blocks.b.{n1, a.q, a.k, a.v, a.o, n2, f1, dw, f2}
  end        n, head (head.0, head.1 … with hidden layers), or nf, h3 (h1, h2, h3)";

/// Turns PyTorch weights into a record, ready for export.
#[derive(Debug, Args)]
#[command(after_long_help = NAMES)]
pub struct ImportArgs {
    /// Weights written by `safetensors.torch.save_file(model.state_dict(), …)`.
    weights: PathBuf,
    /// Record to write, such as best.mpk.
    record: PathBuf,
    /// The network's shape; may be left out where the file's metadata describes it.
    #[arg(long, value_parser = preset_parser())]
    preset: Option<Preset>,
    /// Names of the classes, separated by commas, in the order of the logits; CIFAR-10's by
    /// default where there are ten.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// Mean of red, green and blue pixels scaled to 0..1; by default the file's metadata `mean`,
    /// else CIFAR-10's constants, or 0.5 where the blocks are called `blocks`.
    #[arg(long, value_name = "R,G,B", value_parser = options::mean)]
    mean: Option<Rgb>,
    /// Their standard deviation, likewise.
    #[arg(long, value_name = "R,G,B", value_parser = options::deviation)]
    std: Option<Rgb>,
}

impl ImportArgs {
    /// Imports and says what was understood.
    ///
    /// # Errors
    /// As [`load`], and if the record cannot be written.
    pub fn run(self) -> Result<()> {
        ensure!(
            !same_file(&self.weights, &self.record),
            "{} would be overwritten by its own import: give the record another name",
            self.weights.display()
        );
        let options =
            Options { preset: self.preset, classes: self.classes, mean: self.mean, std: self.std };
        let checkpoint = load(&self.weights, &options)?;
        record::save(&self.record, &checkpoint)?;
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
        println!("record {}", self.record.display());
        Ok(())
    }
}

/// Names of presets as values of an option.
pub fn preset_parser() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::name))
        .try_map(|name| Preset::by_name(&name).ok_or("no such preset"))
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
    fn a_refused_file_leaves_the_record_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        let (weights, record) = (path("weights.safetensors"), path("best.mpk"));
        std::fs::write(&weights, "no weights").unwrap();
        std::fs::write(&record, "an older record").unwrap();
        let run = |record: &Path| {
            let paths = [weights.to_str().unwrap(), record.to_str().unwrap()];
            format!("{:#}", parse(&paths).unwrap().run().unwrap_err())
        };
        let error = run(&record);
        assert!(error.contains("weights.safetensors") && !error.contains('\n'), "{error}");
        assert_eq!(std::fs::read(&record).unwrap(), b"an older record", "the record");
        let error = run(&weights);
        assert!(error.contains("overwritten by its own import"), "{error}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "files");
    }
}
