//! The images that a command reads.

use anyhow::{Result, bail, ensure};
use export::float::FloatModel;
use runtime::config::VitConfig;
use std::path::Path;
use trainer::data::{self, DataSource, Dataset, Reading};
use trainer::summary::listed;

use super::weights::class_remedy;

/// The network that images are read for.
pub(super) struct Network<'a> {
    /// Its file, for messages.
    pub(super) file: &'a Path,
    pub(super) config: &'a VitConfig,
    /// The names of its classes. A blob need not have them.
    pub(super) classes: Vec<Option<&'a str>>,
    /// What it was trained on, if that is known.
    pub(super) source: Option<DataSource>,
}

impl<'a> Network<'a> {
    /// For a blob, which does not say what it was trained on. `name` gives the name of a class.
    pub(super) fn of_blob(
        file: &'a Path,
        config: &'a VitConfig,
        name: impl Fn(usize) -> Option<&'a str>,
    ) -> Self {
        Self { file, config, classes: (0..config.classes()).map(name).collect(), source: None }
    }

    /// For a checkpoint.
    pub(super) fn of_checkpoint(file: &'a Path, float: &'a FloatModel) -> Self {
        let classes = float.classes().iter().map(|name| Some(name.as_str())).collect();
        Self { file, config: float.config(), classes, source: Some(float.source()) }
    }

    /// The images of a directory, or the built-in ones if the network was trained on them, in the size of
    /// the network's input. For CIFAR-10, only the images of the network's classes.
    ///
    /// # Errors
    /// If they cannot be read, or have other classes than the network.
    pub(super) fn dataset(&self, directory: Option<&Path>) -> Result<Dataset> {
        let dataset = self.all_images(directory)?;
        let names: Option<Vec<_>> =
            self.classes.iter().map(|name| name.map(str::to_owned)).collect();
        let dataset = match names {
            Some(names) => dataset.for_network(&names)?,
            None => dataset,
        };
        self.check_classes(&dataset)?;
        Ok(dataset)
    }

    /// As [`Self::dataset`], with all classes of the images.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn all_images(&self, directory: Option<&Path>) -> Result<Dataset> {
        let image = self.config.spec().image;
        Ok(match (directory, self.source) {
            (Some(directory), source) => {
                let source = source.unwrap_or(DataSource::Pictures);
                data::open(directory, Reading::of_network(self.classes.len(), source, image))?
            }
            (None, None | Some(DataSource::Cifar10)) => data::embedded()?.resized(image),
            (None, Some(DataSource::Custom | DataSource::Pictures)) => bail!(
                "the network was trained on its owner's images, which are not built in: \
                 give their directory with --data DIR"
            ),
        })
    }

    /// Refuses images of other classes than the network's.
    fn check_classes(&self, dataset: &Dataset) -> Result<()> {
        let known = &self.classes;
        let same = known.len() == dataset.classes.len()
            && known.iter().zip(&dataset.classes).all(|(ours, theirs)| {
                // A blob need not have names.
                ours.is_none_or(|ours| ours == theirs)
            });
        ensure!(
            same,
            "{} has {} classes, {}; the images have {}, {}: {}",
            self.file.display(),
            known.len(),
            listed(&known.iter().map(|name| name.unwrap_or("?")).collect::<Vec<_>>()),
            dataset.classes.len(),
            listed(&dataset.classes),
            class_remedy(self.file)
        );
        Ok(())
    }
}
