//! `export evaluate model.bin`: the accuracy of a blob.

use super::files::{parse, read};
use super::images::Network;
use super::progress::bar;
use super::table;
use super::values::positive;
use anyhow::{Context, Result};
use clap::Args;
use export::blob::AnyModel;
use export::verify::{self, Accuracy};
use pictures::shown;
use serde::Serialize;
use std::path::PathBuf;
use trainer::attributes::Scores;
use trainer::data::Images;
use trainer::say;

/// Files with mistakes that are printed; more are counted.
const NAMED: usize = 20;

#[derive(Debug, Args)]
pub(super) struct EvaluateArgs {
    /// Blob to run.
    blob: PathBuf,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10 or
    /// CIFAR-100. For pictures, the output names the files that the blob gets wrong. Without it, the
    /// built-in 5,000 training and 1,000 test images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Table that says which images have which attributes, as `trainer attributes` reads it; for a blob with
    /// attributes.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Judge only the attributes, on the test images of these classes. The network need not know them.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    unseen: Option<Vec<String>>,
    /// Test images to run; all of them by default.
    #[arg(long, value_name = "N", value_parser = positive)]
    images: Option<usize>,
    /// Print one JSON object instead of a line.
    #[arg(long)]
    json: bool,
}

impl EvaluateArgs {
    pub(super) fn run(&self) -> Result<()> {
        let bytes = read(&self.blob)?;
        let model = parse(&self.blob, &bytes)?;
        let network = Network::of_blob(&self.blob, model.config(), |class| model.class_name(class));
        let most = self.images.unwrap_or(usize::MAX);
        if let Some(classes) = &self.unseen {
            let data = network.all_images(self.data.as_deref())?.of_classes(classes)?;
            let scores = self.attributes(&model, &data.test.take(most), &data.classes)?;
            return if self.json {
                say!("{}", serde_json::to_string(&scores)?)
            } else {
                say!("{scores}")
            };
        }
        let data = network.dataset(self.data.as_deref())?;
        let images = data.test.take(most);
        let progress = bar(model.precision(), images.len());
        let classes = verify::classify(&model, &images, |images| progress.inc(images as u64))
            .with_context(|| format!("cannot evaluate {}", self.blob.display()))?;
        progress.finish_and_clear();
        let accuracy = Accuracy::count(&classes, &images);
        let mistakes = mistakes(&images, &classes, &data.classes);
        let scores = match model.attributes()? {
            Some(_) => Some(self.attributes(&model, &images, &data.classes)?),
            None => None,
        };
        if self.json {
            let mut object = serde_json::to_value(accuracy)?;
            if images.have_names() {
                object["mistakes"] = serde_json::to_value(&mistakes)?;
            }
            if let Some(scores) = scores {
                object["attributes"] = serde_json::to_value(scores.attributes)?;
            }
            return say!("{object}");
        }
        say!("{} accuracy {accuracy}", model.precision())?;
        if let Some(scores) = scores {
            say!("{scores}")?;
        }
        if mistakes.is_empty() {
            return Ok(());
        }
        say!("wrong:")?;
        let shown_mistakes = mistakes.iter().take(NAMED);
        for Mistake { file, true_class, predicted_class } in shown_mistakes {
            say!("  {}: {predicted_class}, not {true_class}", shown(file))?;
        }
        if let Some(more) = mistakes.len().checked_sub(NAMED + 1) {
            say!("  and {} more; --json lists all", more + 1)?;
        }
        Ok(())
    }

    /// How well the blob finds the attributes of images whose labels are indices into `classes`.
    fn attributes(
        &self,
        model: &AnyModel<'_>,
        images: &Images,
        classes: &[String],
    ) -> Result<Scores> {
        let head = model.attributes()?.with_context(|| {
            format!("{} has no attributes: write it with `--heads all`", self.blob.display())
        })?;
        let paths = (self.table.as_deref(), self.data.as_deref());
        let truth = table::truth((model, &head), paths, images, classes)?;
        let progress = bar("attributes", images.len());
        let scores = verify::attributes(model, images, &truth, |images| {
            progress.inc(images as u64);
        })?;
        progress.finish_and_clear();
        Ok(scores)
    }
}

/// A file that the blob got wrong.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Mistake<'a> {
    file: &'a str,
    true_class: &'a str,
    predicted_class: &'a str,
}

/// The mistakes on images with files of their own, in the order of the files.
fn mistakes<'a>(images: &'a Images, found: &[usize], classes: &'a [String]) -> Vec<Mistake<'a>> {
    let name = |class: usize| classes.get(class).map_or("?", String::as_str);
    let mistake = |(index, &found): (usize, &usize)| {
        let label = usize::from(images.label(index));
        (found != label).then_some(())?;
        let file = images.name(index)?;
        Some(Mistake { file, true_class: name(label), predicted_class: name(found) })
    };
    let mut mistakes: Vec<_> = found.iter().enumerate().filter_map(mistake).collect();
    mistakes.sort_by_key(|mistake| mistake.file);
    mistakes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_mistakes_are_named() {
        let names = ["b/2.png", "a/1.png", "a/0.png"].map(Into::into).to_vec();
        let images = Images::with_names(1, 1, vec![0; 9], vec![1, 0, 0], names).unwrap();
        let classes = ["a".to_owned(), "b".to_owned()];
        let found = mistakes(&images, &[0, 1, 0], &classes);
        let expected = [("a/1.png", "a", "b"), ("b/2.png", "b", "a")];
        let expected = expected.map(|(file, true_class, predicted_class)| Mistake {
            file,
            true_class,
            predicted_class,
        });
        assert_eq!(found, expected, "by file");
        let unnamed = Images::new(1, 1, vec![0; 3], vec![0]).unwrap();
        assert_eq!(mistakes(&unnamed, &[1], &classes), [], "no file");
    }
}
